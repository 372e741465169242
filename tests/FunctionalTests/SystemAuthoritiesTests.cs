using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>The system has many authorities, and reading them takes as long as the rest of a start.</summary>
public sealed class SystemAuthoritiesTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-functional-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task A_hub_reads_them_only_when_it_listens_already()
    {
        var (authorities, trace) = (Path.Combine(_directory.FullName, "authorities.pem"), Path.Combine(_directory.FullName, "trace"));
        var configuration = Path.Combine(_directory.FullName, "hub.json");
        var settings = new JsonObject
        {
            ["tunnelPort"] = FreePorts.Next(),
            ["bindAddress"] = "127.0.0.1",
            ["stateDir"] = Path.Combine(_directory.FullName, "hub"),
            ["adminSocket"] = Path.Combine(_directory.FullName, "hub.sock"),
        };
        await File.WriteAllTextAsync(authorities, "");
        await File.WriteAllTextAsync(configuration, settings.ToJsonString());

        // With -D the hub is the child of the test, and strace ends with it.
        await using var hub = ManagedProcess.Start(
            "tunnel-hub",
            DebianProgram.Strace,
            ["-D", "-f", "-e", "trace=listen,open,openat", "-o", trace, Binaries.Hub, "run", "--config", configuration],
            new Dictionary<string, string> { ["SSL_CERT_FILE"] = authorities });
        await hub.WaitForLineAsync("is ready");
        await Eventually.IsTrueAsync(
            () => CallsOf(trace).Any(call => call.Contains(authorities, StringComparison.Ordinal)), "the hub to read them");

        var calls = CallsOf(trace);
        var read = Array.FindIndex(calls, call => call.Contains(authorities, StringComparison.Ordinal));
        Assert.InRange(Array.FindLastIndex(calls, static call => call.Contains("listen(", StringComparison.Ordinal)), 0, read);
    }

    private static string[] CallsOf(string trace) => File.ReadAllLines(trace);
}
