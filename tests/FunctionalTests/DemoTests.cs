using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>
/// <c>./tunnel demo</c> with the programs that are under test: it is run as it is, but builds nothing and takes ports of the tests.
/// </summary>
public sealed class DemoTests : IDisposable
{
    private const string Script = """
        set -euo pipefail
        source scripts/common.sh
        source scripts/demo.sh
        hub=$DEMO_HUB edge=$DEMO_EDGE upstream=$DEMO_UPSTREAM
        need_dotnet() { :; }
        build() { :; }
        free_port() {
          local port=DEMO_PORT_$1
          echo "${!port}"
        }
        demo "$@"
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-functional-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("edge 127.0.0.1 -> TLS tunnel -> hub 127.0.0.1:")]
    [InlineData("edge 127.0.0.1 -> TLS tunnel, which the hub has dialled to port ", "--dial", "hub")]
    public async Task The_upstream_sees_the_address_that_a_client_comes_from(string way, params string[] options)
    {
        var output = await RunAsync(options);
        Assert.Contains(way, output, StringComparison.Ordinal);
        Assert.Contains("Hello 127.0.0.42, port ", output, StringComparison.Ordinal);
        Assert.Contains("You said: hello", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_upstream_of_three_dies_and_comes_back()
    {
        var output = await RunAsync("--pool");
        Assert.Contains("It comes back, with a quarter of its weight first:", output, StringComparison.Ordinal);
        Assert.Contains("The hub's log has said so:", output, StringComparison.Ordinal);
    }

    private async Task<string> RunAsync(params string[] options)
    {
        var ports = FreePorts.Next(4);
        var result = await ManagedProcess.RunAsync(
            "/bin/bash", ["-c", $"cd '{Documentation.Root}'\n{Script}", "demo", "--once", .. options], limit: TimeSpan.FromMinutes(2),
            environment: new Dictionary<string, string>
            {
                ["DEMO_HUB"] = Binaries.Hub,
                ["DEMO_EDGE"] = Binaries.Edge,
                ["DEMO_UPSTREAM"] = Binaries.DemoUpstream,
                ["DEMO_PORT_8443"] = $"{ports[0]}",
                ["DEMO_PORT_8080"] = $"{ports[1]}",
                ["DEMO_PORT_9053"] = $"{ports[2]}",
                ["DEMO_PORT_8444"] = $"{ports[3]}",
                ["TMPDIR"] = _directory.FullName,
            });
        var output = result.Succeeded().StandardOutput;
        Assert.EndsWith("Stopped.", output.TrimEnd(), StringComparison.Ordinal);

        // It leaves nothing of its own; a runtime that is ended by a signal may leave its pipes for debuggers.
        Assert.Empty(_directory.EnumerateDirectories());
        return output;
    }
}
