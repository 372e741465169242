# ./tunnel test: all tests, and what they need; sourced, never run.

# Program (or file, by its whole path) and the Debian package that has it.
test_programs=(nginx:nginx haproxy:haproxy dnsdist:dnsdist iperf3:iperf3 nc:netcat-openbsd dig:bind9-dnsutils curl:curl ip:iproute2 turnserver:coturn setpriv:util-linux systemd-analyze:systemd nft:nftables strace:strace promtool:prometheus caddy:caddy postconf:postfix /usr/lib/dovecot/imap:dovecot-imapd sshd:openssh-server certbot:certbot pebble:pebble wg:wireguard-tools wireguard-go:wireguard-go ping:iputils-ping /usr/games/cube2-server:cube2-server chromium:chromium npm:npm tinyproxy:tinyproxy microsocks:microsocks pg_ctlcluster:postgresql)

# A test host that hangs is ended after so many seconds.
test_limit=3000
# A test that takes longer than so many seconds is told of.
long_test=300

all_projects=(ArchitectureTests Shared.UnitTests Edge.UnitTests Hub.UnitTests FuzzTests Transport.ContractTests FunctionalTests PackageTests)

run_tests() {
  need_dotnet
  local projects=("$@") native=none packaged=false results passed=0 failed=0 skipped=0 project
  case ${1:-} in
    '') native=smoke projects=("${all_projects[@]}") ;;
    --native) native=all projects=(PackageTests) ;;
  esac
  # The machines of the functional tests get the packages that users get.
  if [[ " ${projects[*]} " == *" FunctionalTests "* || " ${projects[*]} " == *" PackageTests "* ]]; then
    packaged=true
    test_programs+=("${native_programs[@]}" "${package_programs[@]}" "${package_test_programs[@]}")
  fi
  install_test_programs

  echo "Building …"
  if ! build Tunnel.sln; then
    closing_line 0 1 0
    return 1
  fi
  if ! $packaged || ! can_build_native; then
    ! $packaged || echo "The native programs and packages are NOT tested: that needs clang and zlib1g-dev."
    native=none
    projects=("${projects[@]/PackageTests/}")
  elif ! build_packages; then
    failed=1
  fi

  results=$(mktemp -d "${TMPDIR:-/tmp}/tunnel-test.XXXXXX")
  # shellcheck disable=SC2064  # expanded now: the variable is gone when the trap runs
  trap "rm -rf '$results'" EXIT
  for project in ${projects[@]+"${projects[@]}"}; do
    [[ -z $project ]] || run_project "$project" "$results/$project"
  done
  case $native in
    smoke) run_native --filter-class "${native_smoke[@]}" ;;
    all) run_native ;;
  esac

  list_skipped "$results"/*/results.trx
  list_failed "$results"/*/results.trx
  closing_line "$passed" "$failed" "$skipped"
  ((failed == 0))
}

# Adds to the caller's passed, failed and skipped.
run_project() {
  local project=$1 directory=$2 code=0 counters=
  shift 2
  local program=tests/$project/bin/Release/net10.0/$project
  echo
  echo "== $project"
  # A test that never ends is named while it runs: a host that is ended at its limit leaves no report.
  timeout --kill-after 10 "$test_limit" "$program" --report-xunit-trx --report-xunit-trx-filename results.trx \
    --results-directory "$directory" --no-progress --long-running "$long_test" --xunit-diagnostics on "$@" < /dev/null || code=$?

  counters=$(grep -o '<Counters [^>]*>' "$directory/results.trx" 2> /dev/null || true)
  local total executed good bad
  total=$(counter total) executed=$(counter executed) good=$(counter passed) bad=$(counter failed)
  # A host that crashed, hung (code 124) or found no test (code 8) has failed, whatever its report says.
  if ((code != 0 && bad == 0)); then
    echo "$project: the test host ended with code $code"
    [[ $project != FuzzTests ]] || "$program" fuzz --last
    bad=1
  fi

  passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + total - executed))
}

counter() {
  local value
  value=$(sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<< "$counters")
  echo "${value:-0}"
}

# What was not tested here, and what would have to be there for it: a green run must not look like more than it is.
list_skipped() {
  local reasons count reason
  reasons=$({ cat "$@" 2> /dev/null || true; } | awk '/<UnitTestResult .*outcome="NotExecuted"/ { skipped = 1 }
    skipped && sub(/.*<StdOut>/, "") { sub(/<\/StdOut>.*/, ""); print; skipped = 0 }' | sort | uniq -c | sort -rn)
  [[ -n $reasons ]] || return 0
  echo
  echo "Skipped, so NOT tested here:"
  while read -r count reason; do
    echo "  $count tests: $reason"
    case $reason in
      *libmsquic*) echo "    QUIC is untested. $(quic_hint), and run with REQUIRE_QUIC=1: then these fail instead of being skipped." ;;
      *"need root"* | *"needs root"*) echo "    Run ./tunnel test as root: firewall, namespaces and rights are untested without." ;;
    esac
  done <<< "$reasons"
}

# With what was wrong, at the end: who sees only the last lines of a long run sees them too.
list_failed() {
  local found
  found=$({ cat "$@" 2> /dev/null || true; } | awk -v lines=30 '
    /<UnitTestResult .*outcome="Failed"/ { sub(/.* testName="/, ""); sub(/".*/, ""); print "  " $0; failed = 1; next }
    failed && sub(/.*<Message>/, "") { left = lines }
    left > 0 { ends = sub(/<\/Message>.*/, ""); print "    " substr($0, 1, 400); left = ends ? 0 : left - 1; if (left == 0) failed = 0 }')
  [[ -n $found ]] || return 0
  echo
  echo "Failed:"
  sed 's/&quot;/"/g; s/&lt;/</g; s/&gt;/>/g; s/&#xD;//g; s/&amp;/\&/g' <<< "$found"
}

# As the product itself says it.
quic_hint() {
  sed -n '/InstallHint =/,/;/s/^[ +]*"\(.*\)"[;]*$/\1/p' src/Shared/Transport/Quic/QuicLibrary.cs | paste -sd '' | sed 's/^i/I/'
}

closing_line() {
  echo
  echo "$1 passed, $2 failed, $3 skipped"
}

install_test_programs() {
  local entry missing=()
  for entry in "${test_programs[@]}"; do
    [[ -f ${entry%%:*} ]] || PATH=$PATH:/usr/sbin:/sbin command -v "${entry%%:*}" > /dev/null || missing+=("${entry#*:}")
  done
  ((${#missing[@]} > 0)) || return 0

  if ((EUID != 0)); then
    echo "Some tests will fail: they need programs that only root can install. Run this first:" >&2
    echo "  sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    return 0
  fi
  command -v apt-get > /dev/null || fail "no apt-get here: install ${missing[*]} (Debian's names) by hand"
  echo "Installing ${missing[*]} …"
  install_packages "${missing[@]}"
}

# The tests start their own daemons: policy-rc.d (invoke-rc.d(8)) keeps those of the packages from starting.
install_packages() {
  local policy=/usr/sbin/policy-rc.d own=false
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    own=true
  fi
  local code=0
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@"; } < /dev/null > /dev/null || code=$?
  if $own; then
    rm -f "$policy"
  fi
  ((code == 0)) || fail "apt-get could not install $*"
}
