# ./tunnel fuzz: parsers and the mux under mutated input, for as long as wanted; sourced, never run.

fuzz() {
  need_dotnet
  build tests/FuzzTests/FuzzTests.csproj
  exec tests/FuzzTests/bin/Release/net10.0/FuzzTests fuzz "$@"
}
