# Shared by the commands of ./tunnel; sourced, never run. The working directory is the repository's root.

# Neither compiler servers nor telemetry outlive a command.
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0
export HOME="${HOME:-/tmp}"

hub=src/Hub/bin/Release/net10.0/tunnel-hub
edge=src/Edge/bin/Release/net10.0/tunnel-edge

fail() {
  echo "tunnel: $*" >&2
  exit 1
}

need_dotnet() {
  command -v dotnet > /dev/null || fail "the .NET 10 SDK is missing: https://learn.microsoft.com/dotnet/core/install/linux-debian"
  dotnet --version > /dev/null 2>&1 || fail "the .NET 10 SDK is missing; there is: $(dotnet --list-sdks | tr '\n' ' ')"
}

build() {
  dotnet build "$1" --configuration Release --nologo --verbosity quiet -consoleLoggerParameters:NoSummary -p:UseSharedCompilation=false < /dev/null
}
