using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>The rights that the units in deploy/systemd give are few, and enough.</summary>
public sealed class LeastPrivilegeTests
{
    /// <summary>CAP_NET_BIND_SERVICE (10) and CAP_NET_ADMIN (12), as /proc shows them.</summary>
    private const string EdgeCapabilities = "0000000000001400";

    private const string NoCapabilities = "0000000000000000";
    private const string Nobody = "65534";
    private static int _count;

    [Theory]
    [InlineData("tunnel-edge.service", 17)]
    [InlineData("tunnel-hub.service", 12)]
    public async Task The_exposure_of_the_units_stays_what_the_documentation_says(string unit, int tenths)
    {
        var path = Path.Combine(Repository(), "deploy/systemd", unit);

        var security = await ManagedProcess.RunAsync(
            DebianProgram.SystemdAnalyze, ["security", "--offline=true", "--no-pager", $"--threshold={tenths}", path]);
        Assert.True(security.ExitCode == 0, security.StandardOutput + security.StandardError);

        // systemd-analyze ends with 0 even for directives that it does not know; that the program and its page are not installed here is no
        // fault, and systemd 252 (Debian 12) says that it ignores the growing pauses between restarts.
        string[] harmless = ["is not executable", "Command 'man tunnel-", "Unknown key 'RestartSteps'", "Unknown key 'RestartMaxDelaySec'"];
        var verify = await ManagedProcess.RunAsync(DebianProgram.SystemdAnalyze, ["verify", path]);
        Assert.DoesNotContain(
            (verify.StandardOutput + verify.StandardError).Split('\n'),
            line => line.Length > 0 && !harmless.Any(known => line.Contains(known, StringComparison.Ordinal)));
        Assert.Contains(
            $"{tenths / 10}.{tenths % 10}", await File.ReadAllTextAsync(Path.Combine(Repository(), "docs/operations/running.md")),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_the_units_capabilities_alone_the_edge_binds_low_ports_and_its_children_change_the_firewall()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "giving up rights needs root");
        var end = new NetworkEnd($"tunnel-test-{Environment.ProcessId}-rights-{Interlocked.Increment(ref _count)}", IPAddress.Loopback);
        var directory = Directory.CreateTempSubdirectory("tunnel-rights-");
        try
        {
            await IpAsync("netns", "add", end.Name);
            await IpAsync("-n", end.Name, "link", "set", "lo", "up");
            File.SetUnixFileMode(directory.FullName, (UnixFileMode)0b111_111_111);
            await RunServicesAsync(end, directory.FullName);

            // This tries what nft, the edge's child, can do with the ambient rights.
            var rights = EdgeRights.ToArray();
            var (program, arguments) = end.Command(
                DebianProgram.Setpriv, [.. rights, DebianProgram.Nft, "add table inet tunnel_edge; list ruleset"]);
            Assert.Contains("table inet tunnel_edge", (await ManagedProcess.RunAsync(program, arguments)).Succeeded().StandardOutput);
        }
        finally
        {
            if (end.Exists)
                await IpAsync("netns", "del", end.Name);
            directory.Delete(recursive: true);
        }
    }

    private static IEnumerable<string> HubRights =>
        [
            "--reuid", Nobody, "--regid", Nobody, "--clear-groups", "--no-new-privs", "--inh-caps", "-all", "--ambient-caps", "-all",
            "--bounding-set", "-all"];

    private static IEnumerable<string> EdgeRights
    {
        get
        {
            const string Rights = "-all,+net_bind_service,+net_admin";
            return [
                "--reuid", Nobody, "--regid", Nobody, "--clear-groups", "--no-new-privs", "--inh-caps", Rights, "--ambient-caps", Rights,
                "--bounding-set", Rights];
        }
    }

    private static async Task RunServicesAsync(NetworkEnd end, string directory)
    {
        var hubSocket = Path.Combine(directory, "hub", "admin.sock");
        var settings = new JsonObject
        {
            ["tunnelPort"] = 8443,
            ["stateDir"] = Path.Combine(directory, "hub", "state"),
            ["adminSocket"] = hubSocket,
        };
        var configuration = Path.Combine(directory, "hub.json");
        await File.WriteAllTextAsync(configuration, settings.ToJsonString());
        await using var hub = Start(end, "tunnel-hub", Binaries.Hub, HubRights, "run", "--config", configuration);
        using var hubAdmin = new AdminClient("tunnel-hub", hubSocket);
        await WaitAsync(hubAdmin, hub, _ => true);
        Assert.Equal((Nobody, NoCapabilities), Identity(hub));

        var token = await ManagedProcess.RunAsync(
            Binaries.Hub,
            ["edge", "add", "edge-1", "--host", "127.0.0.1:8443", "--tcp", "80,443", "--udp", "53", "--admin-socket", hubSocket]);
        var tokenFile = Path.Combine(directory, "token");
        await File.WriteAllTextAsync(tokenFile, token.Succeeded().StandardOutput);
        var edgeSocket = Path.Combine(directory, "edge", "admin.sock");
        await using var edge = Start(
            end, "tunnel-edge", Binaries.Edge, EdgeRights,
            "run", "--stun-servers", "[]", "--token-file", tokenFile, "--admin-socket", edgeSocket, "--state-dir",
            Path.Combine(directory, "edge", "state"));
        using var edgeAdmin = new AdminClient("tunnel-edge", edgeSocket);
        await WaitAsync(edgeAdmin, edge, status =>
            status.GetProperty("listenPorts").GetArrayLength() == 2 && status.GetProperty("listenPortsUdp").GetArrayLength() == 1);

        Assert.Equal((Nobody, EdgeCapabilities), Identity(edge));
        foreach (var process in new[] { edge, hub })
        {
            process.Signal(ManagedProcess.SigTerm);
            Assert.Equal(0, await process.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        }
    }

    private static ManagedProcess Start(NetworkEnd end, string name, string binary, IEnumerable<string> rights, params string[] arguments)
    {
        // ip, setpriv and the service are one process, one after the other.
        var (program, all) = end.Command(DebianProgram.Setpriv, [.. rights, binary, .. arguments]);
        return ManagedProcess.Start(name, program, all);
    }

    private static Task WaitAsync(AdminClient admin, ManagedProcess process, Func<JsonElement, bool> condition) => Eventually.IsTrueAsync(
        async () =>
        {
            if (process.HasExited)
                throw new InvalidOperationException($"{process.Name} ended with code {process.ExitCode}:\n{process.Log}");
            try
            {
                return condition((await admin.GetAsync("api/v1/status", CancellationToken.None)).Json());
            }
            catch (OperatorException)
            {
                return false;
            }
        },
        process.Name, explain: () => process.Log);

    private static (string User, string Capabilities) Identity(ManagedProcess process)
    {
        var lines = File.ReadLines($"/proc/{process.Id}/status").Select(line => line.Split('\t')).ToDictionary(
            words => words[0], words => words[^1]);
        return (lines["Uid:"], lines["CapEff:"]);
    }

    private static async Task IpAsync(params string[] arguments) =>
        (await ManagedProcess.RunAsync(DebianProgram.Ip, arguments)).Succeeded();

    // The binaries are in src/Edge/bin/CONFIGURATION/FRAMEWORK.
    private static string Repository() => Path.GetFullPath("../../../../..", Path.GetDirectoryName(Binaries.Edge)!);
}
