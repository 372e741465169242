using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Two hubs share their state and could both dial an edge: one does, and the other one when the first is gone.</summary>
public sealed class SharedDialTests : IAsyncLifetime
{
    private const string EdgeId = "edge-1";

    // The promise is 20 s after a death; a machine that does much else takes longer.
    private static readonly TimeSpan TakeOverLimit = TimeSpan.FromSeconds(90);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-shared-dial-");
    private readonly IPAddress _edgeAddress = LoopbackAddresses.Next();
    private readonly IPAddress _target = LoopbackAddresses.Next();
    private readonly int _port = FreePorts.Next();
    private readonly int _dialPort = FreePorts.Next();
    private PostgresServer _postgres = null!;
    private HubProcess _one = null!;
    private HubProcess _other = null!;
    private EdgeProcess _edge = null!;
    private TcpListener _upstream = null!;

    public async ValueTask InitializeAsync()
    {
        _postgres = await PostgresServer.StartAsync();
        var certificate = TestCertificates.Write(_directory.FullName, "hub.example.com");
        var database = await _postgres.MakeDatabaseAsync("hubs");
        _one = await StartAsync("one", certificate, database);
        var token = await _one.AddDialledEdgeAsync(EdgeId, _port, $"{_edgeAddress}:{_dialPort}");
        _edge = EdgeProcess.Start(_directory.FullName, token, _edgeAddress);
        await _edge.WaitForPortsAsync([_port], []);
        _other = await StartAsync("other", certificate, database);
        _upstream = new TcpListener(_target, _port);
        _upstream.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await _edge.DisposeAsync();
        await _one.DisposeAsync();
        await _other.DisposeAsync();
        await _postgres.DisposeAsync();
        _upstream.Stop();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task One_dials_and_the_other_takes_over_when_it_is_killed_or_stops()
    {
        await WaitForDiallerAsync(_other, _one);
        Assert.Null(await DialledByAsync(_one));
        await AssertCarriesAsync();

        _one.Process.Signal(ManagedProcess.SigKill);
        await WaitForTunnelAsync(_other);
        await AssertCarriesAsync();

        // The first hub comes back and finds that another one dials; then it dials, since that one stops.
        await _one.RestartAsync();
        await WaitForDiallerAsync(_one, _other);
        Assert.Null(await _one.ConnectedEdgeAsync(EdgeId));
        _other.Process.Signal(ManagedProcess.SigTerm);
        await WaitForTunnelAsync(_one);
        await AssertCarriesAsync();

        // In all this time nobody but the dialler has come to the edge's port.
        Assert.All(
            (await _edge.StatusAsync())!.Value.GetProperty("strangers").EnumerateObject(), kind => Assert.Equal(0, kind.Value.GetInt64()));
        foreach (var hub in (HubProcess[])[_one, _other])
            Assert.DoesNotContain("did not complete the handshake", hub.Process.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_database_the_one_that_dials_goes_on_and_stays_the_one_after_it()
    {
        await _postgres.KillAsync();
        await WaitForDatabaseAsync(isThere: false);
        await _edge.RestartAsync();
        await _edge.WaitForPortsAsync([_port], []);
        await AssertCarriesAsync();
        Assert.NotNull(await _one.ConnectedEdgeAsync(EdgeId));

        await _postgres.StartAgainAsync();
        await WaitForDatabaseAsync(isThere: true);
        await WaitForDiallerAsync(_other, _one);
        await AssertCarriesAsync();
        Assert.NotNull(await _one.ConnectedEdgeAsync(EdgeId));
        Assert.Null(await _other.ConnectedEdgeAsync(EdgeId));

        // This comes last, since it connects to the upstream too.
        var doctor = await _other.RunAsync("doctor");
        Assert.Contains($"{Name(_one)} dials {EdgeId}", doctor.StandardOutput, StringComparison.Ordinal);
        Assert.DoesNotContain("FAILED", doctor.StandardOutput, StringComparison.Ordinal);
    }

    private async Task WaitForDatabaseAsync(bool isThere)
    {
        foreach (var hub in (HubProcess[])[_one, _other])
        {
            await Eventually.IsTrueAsync(
                async () => isThere == (await hub.SharedStateFaultAsync() is null),
                isThere ? "the database" : "the loss of the database", TakeOverLimit, () => hub.Process.Log);
        }
    }

    private static string Name(HubProcess hub) => $"{Environment.MachineName}:{hub.TunnelPort}";

    private static async Task<string?> DialledByAsync(HubProcess hub)
    {
        var edge = (await hub.StatusAsync()).GetProperty("edges").EnumerateArray().Single();
        return edge.TryGetProperty("dialledBy", out var other) ? other.GetString() : null;
    }

    private static Task WaitForDiallerAsync(HubProcess asked, HubProcess dialler) => Eventually.IsTrueAsync(
        async () => await DialledByAsync(asked) == Name(dialler), "the hub to know who dials", TakeOverLimit,
        explain: () => asked.Process.Log);

    private async Task WaitForTunnelAsync(HubProcess hub)
    {
        await Eventually.IsTrueAsync(
            async () => await hub.ConnectedEdgeAsync(EdgeId) is not null, "the edge at this hub", TakeOverLimit,
            explain: () => hub.Process.Log + _edge.Process.Log);
        await _edge.WaitForPortsAsync([_port], []);
    }

    private async Task AssertCarriesAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(_edgeAddress, _port).WaitAsync(TakeOverLimit);
        using var pair = new StreamPair(client, await _upstream.AcceptSocketAsync().WaitAsync(TakeOverLimit));
        await pair.AssertEchoAsync();
    }

    private Task<HubProcess> StartAsync(string name, string certificate, string database) => HubProcess.StartAsync(
        _directory.CreateSubdirectory(name).FullName, _target,
        new JsonObject { ["state"] = database, ["tls"] = new JsonObject { ["certPem"] = certificate, ["keyPem"] = certificate } });
}
