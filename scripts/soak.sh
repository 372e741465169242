# ./tunnel soak: does anything grow, is anything lost, while everything happens at once; sourced, never run.

soak() {
  need_dotnet
  local minutes=60 more=()
  while (($#)); do
    case $1 in
      --minutes) minutes=${2:?how many minutes}; shift 2 ;;
      --minutes=*) minutes=${1#*=}; shift ;;
      *) more+=("$1"); shift ;;
    esac
  done
  build bench/Load/Load.csproj
  exec bench/Load/bin/Release/net10.0/load --soak "$minutes" "${more[@]}"
}
