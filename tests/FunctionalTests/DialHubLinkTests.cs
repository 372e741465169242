using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>The hub makes connections to its edge, through a relay that can cut each.</summary>
public sealed class DialHubLinkTests : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-dial-link-");
    private readonly IPAddress _edgeAddress = LoopbackAddresses.Next();
    private readonly IPAddress _target = LoopbackAddresses.Next();
    private readonly int _port = FreePorts.Next();
    private readonly int _dialPort = FreePorts.Next();
    private HubProcess _hub = null!;
    private TcpRelay _relay = null!;
    private EdgeProcess _edge = null!;
    private TcpListener _upstream = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubProcess.StartAsync(
            _directory.FullName, _target, new JsonObject { ["limits"] = new JsonObject { ["lanesPerTunnel"] = 3 } });
        _relay = new TcpRelay(new IPEndPoint(_edgeAddress, _dialPort));
        var text = await _hub.AddDialledEdgeAsync(TunnelSetup.EdgeId, _port, _relay.EndPoint.ToString());
        Assert.True(ConnectionToken.TryDecode(text, out var token, out _));
        // The relay is what the hub dials, and behind it the edge listens.
        _edge = EdgeProcess.Start(_directory.FullName, (token with { Port = _dialPort }).Encode(), _edgeAddress, "--lanes", "2");
        _upstream = new TcpListener(_target, _port);
        _upstream.Start();
        await _edge.WaitForPortsAsync([_port], []);
    }

    public async ValueTask DisposeAsync()
    {
        if (_edge is not null)
            await _edge.DisposeAsync();
        await _hub.DisposeAsync();
        _relay.Dispose();
        _upstream.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task What_is_open_outlives_the_connection_and_the_hub_makes_the_next()
    {
        using var pair = await OpenAsync();
        for (var cut = 0; cut < 3; cut++)
        {
            await pair.AssertEchoAsync();
            _relay.Cut(_relay.Count - 1);
            await pair.AssertEchoAsync();
        }

        await Eventually.IsTrueAsync(
            async () => await _hub.ConnectedEdgeAsync(TunnelSetup.EdgeId) is { } edge && edge.GetProperty("tunnels").GetInt32() == 1,
            "one tunnel", explain: () => _hub.Process.Log);
        Assert.Equal(1, (await _hub.ConnectedEdgeAsync(TunnelSetup.EdgeId))!.Value.GetProperty("streamsOpened").GetInt64());
        await _hub.Process.WaitForLineAsync("goes on with");
    }

    [Fact]
    public async Task An_edge_that_is_given_another_address_moves_there_and_what_is_open_goes_on()
    {
        using var open = await OpenAsync();
        await open.AssertEchoAsync();

        // Nobody listens there, so all stays as it is.
        await SetDialAsync($"{_edgeAddress}:{FreePorts.Next()}");
        await Eventually.IsTrueAsync(
            async () => await DialFaultAsync() == $"{_edgeAddress}: Connection refused", "the reason", explain: () => _hub.Process.Log);
        await open.AssertEchoAsync();
        using (var other = await OpenAsync())
            await other.AssertEchoAsync();

        using var relay = new TcpRelay(new IPEndPoint(_edgeAddress, _dialPort));
        await SetDialAsync(relay.EndPoint.ToString());
        await Eventually.IsTrueAsync(
            async () => await _hub.ConnectedEdgeAsync(TunnelSetup.EdgeId) is { } edge && edge.GetProperty("tunnels").GetInt32() == 2,
            "a tunnel at the new address beside the old one", explain: () => _edge.Process.Log + _hub.Process.Log);
        using var next = await OpenAsync();
        await next.AssertEchoAsync();
        await open.AssertEchoAsync();
        Assert.Null(await DialFaultAsync());

        // The old way is left with the last client there, and the new one has its own.
        open.Dispose();
        await Eventually.IsTrueAsync(
            async () => await _hub.ConnectedEdgeAsync(TunnelSetup.EdgeId) is { } edge && edge.GetProperty("tunnels").GetInt32() == 1,
            "the end of the old tunnel", explain: () => _edge.Process.Log + _hub.Process.Log);
        for (var i = 0; i < _relay.Count; i++)
            _relay.Cut(i);
        await next.AssertEchoAsync();
        relay.Cut(relay.Count - 1);
        await next.AssertEchoAsync();
    }

    [Fact]
    public async Task Bulk_brings_a_lane_that_the_hub_opens_and_all_outlive_their_connections()
    {
        using var elephant = await OpenAsync();
        Assert.Equal((1, 1), await LanesAsync());
        var block = new byte[1 << 20];
        await Eventually.IsTrueAsync(
            async () =>
            {
                await Task.WhenAll(elephant.Client.SendAllAsync(block), elephant.Server.ReceiveExactlyAsync(block.Length));
                return await LanesAsync() == (2, 2);
            },
            "a second lane", explain: () => _edge.Process.Log + _hub.Process.Log);
        using var apart = await OpenAsync();
        await apart.AssertEchoAsync();

        // The newest connection is the lane's; then all are cut at once.
        _relay.Cut(_relay.Count - 1);
        await apart.AssertEchoAsync();
        for (var i = 0; i < _relay.Count; i++)
            _relay.Cut(i);
        await elephant.AssertEchoAsync();
        await apart.AssertEchoAsync();
        await Eventually.IsTrueAsync(
            async () => await LanesAsync() == (2, 2), "both lanes", explain: () => _edge.Process.Log + _hub.Process.Log);
        Assert.Equal(1, (await _hub.ConnectedEdgeAsync(TunnelSetup.EdgeId))!.Value.GetProperty("tunnels").GetInt32());
    }

    private async Task SetDialAsync(string address) =>
        (await _hub.RunAsync("edge", "set", TunnelSetup.EdgeId, "--dial", address)).Succeeded();

    private async Task<string?> DialFaultAsync() =>
        (await _hub.StatusAsync()).GetProperty("edges").EnumerateArray().Single().TryGetProperty("dialFault", out var fault)
            ? fault.GetString()
            : null;

    private async Task<StreamPair> OpenAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(_edgeAddress, _port).WaitAsync(TimeSpan.FromSeconds(30));
        var server = await _upstream.AcceptSocketAsync().WaitAsync(TimeSpan.FromSeconds(30));
        server.NoDelay = true;
        return new StreamPair(client, server);
    }

    private async Task<(int Edge, int Hub)> LanesAsync() => (
        await _edge.StatusAsync() is { } edge ? edge.GetProperty("lanes").GetInt32() : 0,
        await _hub.ConnectedEdgeAsync(TunnelSetup.EdgeId) is { } hub ? hub.GetProperty("lanes").GetInt32() : 0);
}
