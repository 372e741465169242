# Native programs, and the functional tests that run against them; sourced, never run.

# What native code needs to be linked, and the Debian package that has it.
native_programs=(clang:clang /usr/include/zlib.h:zlib1g-dev)
native_directory=artifacts/native
# The machines that the programs are for, in the words of .NET; cross_programs link for arm64 on x86-64.
native_runtime=linux-$([[ $(uname -m) == aarch64 ]] && echo arm64 || echo x64)
native_options=()
cross_programs=(aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu ld.lld:lld)

# Lets publish_native make programs for the other kind of machine.
cross_compile() {
  [[ $native_runtime == linux-x64 ]] || fail "packages for amd64 are made on an x86-64 machine"
  native_runtime=linux-arm64
  native_directory=artifacts/native-arm64
  native_options=(-p:ObjCopyName=aarch64-linux-gnu-objcopy -p:LinkerFlavor=lld)
}

# The part of the functional tests that every test run makes with the native programs: memory, no /proc, TCP, UDP, PROXY headers, firewall, status, commands, OpenAPI;
# PostgreSQL with leases, hubs that dial, and proxies (two and a half minutes on a busy machine). All the others are for `./tunnel test --native`.
native_smoke=('*.NativeProgramTests' '*.ProxyHeaderTests' '*.HalfCloseTests' '*.FirewallTests' '*.CommandTests' '*.AdminOnTunnelPortTests'
  '*.SharedDialTests' '*.DialHubLinkTests' '*.OutwardProxyTests')

# Publishes both programs; a warning about code of ours is a failure (the framework's own are not ours to mend).
publish_native() {
  local project log
  log=$(mktemp "${TMPDIR:-/tmp}/tunnel-native.XXXXXX")
  for project in Hub Edge; do
    if ! dotnet publish "src/$project" --configuration Release --runtime "$native_runtime" "${native_options[@]}" -p:PublishAot=true --output "$native_directory" --nologo \
      --verbosity quiet -p:UseSharedCompilation=false -p:ContinuousIntegrationBuild=true > "$log" 2>&1 < /dev/null || grep -E '(warning|error) ' "$log" | grep -qvE 'Microsoft\.AspNetCore\.Mvc'; then
      cat "$log"
      rm -f "$log"
      return 1
    fi
  done
  rm -f "$log"
}

# The functional tests that the arguments choose, against the native programs.
run_native() {
  TUNNEL_NATIVE=$PWD/$native_directory run_project FunctionalTests "$results/native" "$@"
}

can_build_native() {
  command -v clang > /dev/null && [[ -e /usr/include/zlib.h ]]
}
