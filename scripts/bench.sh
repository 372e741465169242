# ./tunnel bench: this product beside Debian's HAProxy, stunnel and OpenSSH; sourced, never run.

bench_programs=(nginx:nginx haproxy:haproxy stunnel:stunnel4 sshd:openssh-server iperf3:iperf3 wrk:wrk ip:iproute2 nft:nftables)

bench() {
  need_dotnet
  if [[ ${1:-} == micro ]]; then
    shift
    build bench/Micro/Micro.csproj
    exec bench/Micro/bin/Release/net10.0/Micro "$@"
  fi

  test_programs=("${bench_programs[@]}")
  install_test_programs
  build bench/Load/Load.csproj
  exec bench/Load/bin/Release/net10.0/load "$@"
}
