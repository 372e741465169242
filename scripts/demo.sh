# ./tunnel demo: the whole path on one machine; sourced, never run.
#
#   curl, nc  ->  edge 127.0.0.1  ->  hub 127.0.0.1  ->  upstream 127.0.0.2
#
# With --pool there are three upstreams, 127.0.0.2 to 127.0.0.4, of which one dies and comes back.
#
# With --dial hub the hub opens the connection and the edge awaits it, as behind a NAT.
#
# Edge and upstream listen on the same port numbers at different addresses, since the hub forwards to the port that the client came in at.

upstream=demo/Upstream/bin/Release/net10.0/demo-upstream
demo_directory=
demo_pids=()

demo() {
  local once=false pool=false
  demo_dial=edge
  while (($# > 0)); do
    case "$1" in
      --once) once=true ;;
      --pool) pool=true ;;
      --dial)
        [[ ${2:-} == edge || ${2:-} == hub ]] || fail "--dial is edge or hub, not ${2:-nothing}"
        demo_dial=$2
        shift ;;
      *) fail "demo knows --once, --pool and --dial hub, not $1" ;;
    esac
    shift
  done

  need_dotnet
  echo "Building …"
  build demo/Demo.slnf

  trap demo_stop EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  demo_directory=$(mktemp -d "${TMPDIR:-/tmp}/tunnel-demo.XXXXXX")
  demo_start
  if $pool; then demo_show_pool; else demo_show; fi
  if ! $once; then
    echo "Running; logs are in $demo_directory. Ctrl-C stops everything and removes them."
    demo_wait
  fi
}

demo_start() {
  tunnel_port=$(free_port 8443) http_port=$(free_port 8080) udp_port=$(free_port 9053)
  local admin=$demo_directory/hub.sock dial=()
  demo_way="edge 127.0.0.1 -> TLS tunnel -> hub 127.0.0.1:$tunnel_port"
  if [[ $demo_dial == hub ]]; then
    local dial_port
    dial_port=$(free_port 8444)
    dial=(--dial "127.0.0.1:$dial_port")
    demo_way="edge 127.0.0.1 -> TLS tunnel, which the hub has dialled to port $dial_port of the edge -> hub"
  else
    dial=(--host "127.0.0.1:$tunnel_port")
  fi

  start upstream "$upstream" 127.0.0.2 "$http_port" "$udp_port"
  start hub "$hub" run --bind-address 127.0.0.1 --tunnel-port "$tunnel_port" --target-host 127.0.0.2 \
    --state-dir "$demo_directory/state" --admin-socket "$admin"
  wait_for "the hub's start" grep -q "is ready" "$demo_directory/hub.log"

  (umask 077; "$hub" edge add demo --tcp "$http_port" --udp "$udp_port" "${dial[@]}" \
    --admin-socket "$admin" > "$demo_directory/token")
  start edge "$edge" run --token-file "$demo_directory/token" --bind-address 127.0.0.1 --stun-servers "[]" --admin-socket "$demo_directory/edge.sock"
  wait_for "the edge's port $http_port" answers "$http_port"
}

# Shows each command, runs it, and shows what it printed.
demo_show() {
  local address=127.0.0.42
  echo
  echo "   you ($address) -> $demo_way -> upstream 127.0.0.2"
  echo
  echo "Try these; the upstream sees the address that you come from, not the hub's:"
  try "curl -s --interface $address http://127.0.0.1:$http_port/"
  if command -v nc > /dev/null; then
    try "echo hello | nc -u -w 1 -s $address 127.0.0.1 $udp_port"
  else
    try "$upstream ask $address 127.0.0.1:$udp_port hello"
  fi
  try "$hub status --admin-socket $demo_directory/hub.sock"
  echo
}

# One upstream of three dies, clients go on, and it comes back.
demo_show_pool() {
  local admin="--admin-socket $demo_directory/hub.sock" index
  local show="$hub edge show demo $admin | grep ^tcp"
  for index in 3 4; do
    start "upstream-$index" "$upstream" "127.0.0.$index" "$http_port" "$udp_port"
  done
  echo
  echo "   you -> $demo_way -> upstream 127.0.0.2, 127.0.0.3 or 127.0.0.4"
  echo
  echo "The port gets three targets; each second a health check asks all of them:"
  try "$hub port set demo tcp/$http_port --targets 127.0.0.2 127.0.0.3 127.0.0.4 --health-check type=http,interval=1,unhealthyThreshold=2 $admin"
  echo
  echo "Clients take turns:"
  try "$(demo_requests 6)"
  try "$show"
  echo
  echo "127.0.0.3 dies. Nobody is told, and each client is answered all the same:"
  kill -TERM "${demo_pids[3]}"
  wait "${demo_pids[3]}" 2> /dev/null || true
  demo_pids=("${demo_pids[@]:0:3}" "${demo_pids[@]:4}")
  try "$(demo_requests 6)"
  wait_for "the health check's finding" demo_target_is "down since"
  try "$show"
  try "$hub status $admin | grep 127.0.0.3"
  echo
  echo "It comes back, with a quarter of its weight first:"
  start upstream-3 "$upstream" 127.0.0.3 "$http_port" "$udp_port"
  wait_for "the target's return" demo_target_is "coming back\|up,"
  try "$show"
  wait_for "the target's whole weight" demo_target_is "up,"
  try "$(demo_requests 6)"
  echo
  echo "The hub's log has said so:"
  try "grep -o 'The target 127.0.0.3.*' $demo_directory/hub.log"
  echo
}

demo_requests() {
  echo "for i in \$(seq $1); do curl -s http://127.0.0.1:$http_port/ | grep -o 'to 127.*[0-9]'; done | sort | uniq -c"
}

demo_target_is() {
  "$hub" edge show demo --admin-socket "$demo_directory/hub.sock" | grep "^tcp.*127.0.0.3:.* \($1\)" > /dev/null
}

try() {
  echo
  echo "  $ $1"
  local answer
  answer=$(timeout 30 bash -c "$1" < /dev/null) && [[ -n $answer ]] || fail "that failed; $(last_words)"
  sed 's/^/    /' <<< "$answer"
}

# Background jobs of a script do not get Ctrl-C, but their session would: a session of their own leaves the order of the stop to us.
start() {
  local name=$1
  shift
  # Made here, since the job may not have begun when the log is first looked at.
  : > "$demo_directory/$name.log"
  setsid "$@" >> "$demo_directory/$name.log" 2>&1 < /dev/null &
  demo_pids+=($!)
}

# Ends when one of the processes does.
demo_wait() {
  wait -n "${demo_pids[@]}" || true
  fail "a process ended by itself; $(last_words)"
}

# The edge first, so that the hub sees it leave in order. A killed script leaves nothing but its processes' own time-outs.
demo_stop() {
  trap '' INT TERM HUP
  local index
  for ((index = ${#demo_pids[@]} - 1; index >= 0; index--)); do
    kill -TERM "${demo_pids[index]}" 2> /dev/null || true
    wait "${demo_pids[index]}" 2> /dev/null || true
  done
  [[ -z $demo_directory ]] || rm -rf "$demo_directory"
  echo "Stopped."
}

wait_for() {
  local what=$1 deadline=$((SECONDS + 30)) pid
  shift
  until "$@"; do
    for pid in "${demo_pids[@]}"; do
      kill -0 "$pid" 2> /dev/null || fail "a process ended before $what; $(last_words)"
    done
    ((SECONDS < deadline)) || fail "waited 30 s for $what; $(last_words)"
    sleep 0.1
  done
}

answers() {
  (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null
}

last_words() {
  echo "the last lines of the logs:"
  tail -n 5 "$demo_directory"/*.log
}

# The preferred port, or else a random one, that no socket of any address uses, TCP or UDP.
free_port() {
  local port=$1
  while grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$port") " /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 2> /dev/null; do
    port=$((20000 + RANDOM % 10000))
  done
  echo "$port"
}
