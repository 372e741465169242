using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>One tunnel has several connections (protocol.md section 3, Lanes), behind a relay that can cut each.</summary>
public sealed class LaneTests : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-lanes-");
    private readonly IPAddress _edgeAddress = LoopbackAddresses.Next();
    private readonly IPAddress _target = LoopbackAddresses.Next();
    private readonly int _port = FreePorts.Next();
    private HubProcess _hub = null!;
    private TcpRelay _relay = null!;
    private EdgeProcess _edge = null!;
    private TcpListener _upstream = null!;
    private ConnectionToken _token = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubProcess.StartAsync(
            _directory.FullName, _target, new JsonObject { ["limits"] = new JsonObject { ["lanesPerTunnel"] = 3 } });
        var token = await _hub.AddEdgeAsync(TunnelSetup.EdgeId, [_port], []);
        await _hub.PutEdgeAsync(TunnelSetup.EdgeId, [_port], [], TunnelSetup.WithoutHeader([_port], []));
        Assert.True(ConnectionToken.TryDecode(token, out var decoded, out var error), error);
        _token = decoded;
        _relay = new TcpRelay(_hub.EndPoint);
        _upstream = new TcpListener(_target, _port);
        _upstream.Start();
    }

    public async ValueTask DisposeAsync()
    {
        if (_edge is not null)
        {
            await _edge.DisposeAsync();
        }

        await _hub.DisposeAsync();
        _relay.Dispose();
        _upstream.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Bulk_brings_a_lane_whose_loss_takes_only_its_own_streams_and_which_comes_back()
    {
        await StartEdgeAsync("--lanes", "2", "--resume-grace", "0");
        using var elephant = await OpenAsync();
        Assert.Equal((1, 1), await LanesAsync());
        await MoveBulkUntilLanesAsync(elephant, 2);
        Assert.Equal((2, 2), await LanesAsync());
        Assert.Equal(1, (await _hub.ConnectedEdgeAsync(TunnelSetup.EdgeId))!.Value.GetProperty("tunnels").GetInt32());
        using var apart = await OpenAsync();
        await apart.AssertEchoAsync();

        _relay.Cut(1);

        Assert.Equal(StreamEnd.Reset, (await apart.Client.DrainAsync()).End);
        Assert.Equal(StreamEnd.Reset, (await apart.Server.DrainAsync()).End);
        await elephant.AssertEchoAsync();
        await Eventually.IsTrueAsync(
            async () => _relay.Count == 3 && await LanesAsync() == (2, 2), "the lane to come back", explain: () => _edge.Process.Log);
        using var next = await OpenAsync();
        await next.AssertEchoAsync();
        await elephant.AssertEchoAsync();

        // It is the new lane that carries it.
        _relay.Cut(2);
        Assert.Equal(StreamEnd.Reset, (await next.Client.DrainAsync()).End);
        await elephant.AssertEchoAsync();
    }

    [Fact]
    public async Task What_is_open_on_a_lane_outlives_its_connection()
    {
        await StartEdgeAsync("--lanes", "2");
        using var elephant = await OpenAsync();
        await MoveBulkUntilLanesAsync(elephant, 2);
        using var apart = await OpenAsync();
        await apart.AssertEchoAsync();

        for (var cut = 1; cut <= 3; cut++)
        {
            // The newest connection is the lane's.
            _relay.Cut(cut);
            await apart.AssertEchoAsync();
            await elephant.AssertEchoAsync();
            Assert.Equal((2, 2), await LanesAsync());
        }

        // Then all are cut at once.
        _relay.Cut(0);
        _relay.Cut(4);
        await elephant.AssertEchoAsync();
        await apart.AssertEchoAsync();
        await Eventually.IsTrueAsync(async () => await LanesAsync() == (2, 2), "both lanes", explain: () => _edge.Process.Log);
        Assert.Equal(1, (await _hub.ConnectedEdgeAsync(TunnelSetup.EdgeId))!.Value.GetProperty("tunnels").GetInt32());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(0, 1)]
    public async Task What_is_open_outlives_connections_that_are_swallowed_without_a_word(params int[] silent)
    {
        await StartEdgeAsync("--lanes", "2");
        using var elephant = await OpenAsync();
        await MoveBulkUntilLanesAsync(elephant, 2);
        using var apart = await OpenAsync();
        await apart.AssertEchoAsync();

        foreach (var index in silent)
        {
            _relay.Silence(index);
        }

        await Task.WhenAll(elephant.AssertEchoAsync(), apart.AssertEchoAsync());
        using var next = await OpenAsync();
        await next.AssertEchoAsync();
        Assert.Equal(1, (await _hub.ConnectedEdgeAsync(TunnelSetup.EdgeId))!.Value.GetProperty("tunnels").GetInt32());
        (int, int) lanes = default;
        await Eventually.IsTrueAsync(
            async () =>
                (lanes = await LanesAsync()) == (2, 2), "both lanes", explain: () => $"{lanes}\n{_edge.Process.Log}\n{_hub.Process.Log}");
    }

    [Fact]
    public async Task A_connection_that_is_older_than_the_bulk_beside_it_leaves_its_lane()
    {
        await StartEdgeAsync("--lanes", "2", "--log-level", "debug");
        using var older = await OpenAsync();
        using var elephant = await OpenAsync();
        await Eventually.IsTrueAsync(
            async () =>
            {
                await older.AssertEchoAsync();
                await MoveBulkUntilLanesAsync(elephant, 2);
                return _edge.Process.Log.Contains("to wait behind", StringComparison.Ordinal);
            },
            "the older connection to go to the other lane", explain: () => _edge.Process.Log);

        await older.AssertEchoAsync();
        await elephant.AssertEchoAsync();
        await FinishAsync(older);
    }

    [Fact]
    public async Task The_first_lane_is_the_tunnel_and_what_all_have_carried_is_counted()
    {
        await StartEdgeAsync("--lanes", "3");
        using var elephant = await OpenAsync();
        await MoveBulkUntilLanesAsync(elephant, 2);
        using var apart = await OpenAsync();
        await apart.AssertEchoAsync();
        var before = await BytesInAsync();

        await apart.Client.SendAllAsync(new byte[100_000]);
        await apart.Server.ReceiveExactlyAsync(100_000);

        // The bytes are counted when they have been written, and the upstream may see them before that.
        await Eventually.IsTrueAsync(async () => await BytesInAsync() >= before + 100_000, "all lanes' bytes to be counted");
        _relay.Cut(0);
        await elephant.AssertEchoAsync();
        await apart.AssertEchoAsync();
        await Eventually.IsTrueAsync(
            async () => _relay.Count > 2 && await LanesAsync() == (2, 2), "another connection", explain: () => _edge.Process.Log);
        using var next = await OpenAsync();
        await next.AssertEchoAsync();
    }

    [Fact]
    public async Task Disabling_the_edge_ends_all_its_lanes()
    {
        await StartEdgeAsync("--lanes", "2");
        using var elephant = await OpenAsync();
        await MoveBulkUntilLanesAsync(elephant, 2);
        using var apart = await OpenAsync();
        await apart.AssertEchoAsync();

        Assert.Equal(0, (await _hub.RunAsync("edge", "disable", TunnelSetup.EdgeId)).ExitCode);

        Assert.Equal(StreamEnd.Reset, (await apart.Client.DrainAsync()).End);
        Assert.Equal(StreamEnd.Reset, (await elephant.Client.DrainAsync()).End);
        await Eventually.IsTrueAsync(async () => await _hub.ConnectedEdgeAsync(TunnelSetup.EdgeId) is null, "the hub to forget the edge");
    }

    [Fact]
    public async Task A_stop_drains_all_lanes()
    {
        await StartEdgeAsync("--lanes", "2");
        using var elephant = await OpenAsync();
        await MoveBulkUntilLanesAsync(elephant, 2);
        using var apart = await OpenAsync();
        await apart.AssertEchoAsync();

        _edge.Process.Signal(ManagedProcess.SigTerm);
        await _edge.Process.WaitForLineAsync("stops");
        await elephant.AssertEchoAsync();
        await apart.AssertEchoAsync();
        await FinishAsync(elephant);
        Assert.False(_edge.Process.HasExited);
        await apart.AssertEchoAsync();
        await FinishAsync(apart);

        Assert.Equal(0, await _edge.Process.WaitForExitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task Who_names_a_tunnel_that_is_not_its_own_is_turned_away()
    {
        await StartEdgeAsync("--lanes", "2");
        using var open = await OpenAsync();
        using var mine = await TunnelPeer.ConnectAsync(_hub.EndPoint);
        Assert.True(ConnectionToken.TryDecode(await _hub.AddEdgeAsync("other", [], []), out var other, out _));
        var own = await IntroduceAsync(mine, other, """{"features":["goaway","lanes"],"maxFrame":65536,"instance":"one"}""");

        // These are the tunnel of another edge, none at all, the edge's own by another process, and its own with a number that is too high.
        foreach (var (token, instance, tunnel, index, cause) in new[]
        {
            (_token, "one", own, 1, "no tunnel with the id"),
            (other, "one", "AAAA", 1, "no tunnel with the id"),
            (other, "two", own, 1, "another process"),
            (other, "one", own, 3, "limits.lanesPerTunnel"),
        })
        {
            using var lane = await TunnelPeer.ConnectAsync(_hub.EndPoint);
            await IntroduceAsync(
                lane, token,
                $$$"""{"features":["goaway","lanes"],"maxFrame":65536,"instance":"{{{instance}}}","lane":{"tunnelId":"{{{tunnel}}}","index":{{{index}}}}}""");

            var (_, goAway) = await lane.ReadFrameAsync(FrameTypes.GoAway);
            Assert.StartsWith("lane", JsonDocument.Parse(goAway).RootElement.GetProperty("reason").GetString(), StringComparison.Ordinal);
            await lane.ReadToEndAsync();
            await _hub.Process.WaitForLineAsync(cause);
        }

        // The lane that it has a right to is taken, and carries nothing of what is the tunnel's.
        using var right = await TunnelPeer.ConnectAsync(_hub.EndPoint);
        await IntroduceAsync(
            right, other,
            $$$"""{"features":["goaway","lanes"],"maxFrame":65536,"instance":"one","lane":{"tunnelId":"{{{own}}}","index":2}}""");
        await right.ReadFrameAsync(FrameTypes.Ping);
        var edge = (await _hub.ConnectedEdgeAsync("other"))!.Value;
        Assert.Equal((1, 2), (edge.GetProperty("tunnels").GetInt32(), edge.GetProperty("lanes").GetInt32()));
        Assert.Equal((1, 1), await LanesAsync());
        await open.AssertEchoAsync();
    }

    private async Task StartEdgeAsync(params string[] arguments)
    {
        var token = _token with { Host = _relay.EndPoint.Address.ToString(), Port = _relay.EndPoint.Port };
        _edge = EdgeProcess.Start(_directory.FullName, token.Encode(), _edgeAddress, arguments);
        await _edge.WaitForPortsAsync([_port], []);
    }

    /// <summary>Says the handshake line and HELLO, and returns the id of the tunnel that it would be.</summary>
    private static async Task<string> IntroduceAsync(TunnelPeer peer, ConnectionToken token, string hello)
    {
        await peer.SendAsync($"EDGE {token.EdgeId} {token.Secret}\n");
        var answer = JsonDocument.Parse(await peer.ReadLineAsync()).RootElement.GetProperty("hub");
        Assert.Contains("lanes", answer.GetProperty("features").EnumerateArray().Select(static feature => feature.GetString()));
        await peer.SendFrameAsync(0, FrameTypes.Hello, System.Text.Encoding.UTF8.GetBytes(hello));
        return KnownSecrets.Add(answer.GetProperty("tunnelId").GetString()!);
    }

    private async Task<StreamPair> OpenAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(_edgeAddress, _port);
        var server = await _upstream.AcceptSocketAsync();
        server.NoDelay = true;
        return new StreamPair(client, server);
    }

    private async Task MoveBulkUntilLanesAsync(StreamPair pair, int lanes)
    {
        var block = new byte[1 << 20];
        await Eventually.IsTrueAsync(
            async () =>
            {
                await Task.WhenAll(pair.Client.SendAllAsync(block), pair.Server.ReceiveExactlyAsync(block.Length));
                return await LanesAsync() == (lanes, lanes);
            },
            $"{lanes} lanes", explain: () => _edge.Process.Log);
    }

    private static async Task FinishAsync(StreamPair pair)
    {
        pair.Client.Shutdown(SocketShutdown.Send);
        pair.Server.Shutdown(SocketShutdown.Send);
        Assert.Equal(StreamEnd.Finished, (await pair.Client.DrainAsync()).End);
        Assert.Equal(StreamEnd.Finished, (await pair.Server.DrainAsync()).End);
    }

    private async Task<(int Edge, int Hub)> LanesAsync() => (
        await _edge.StatusAsync() is { } edge ? edge.GetProperty("lanes").GetInt32() : 0,
        await _hub.ConnectedEdgeAsync(TunnelSetup.EdgeId) is { } hub ? hub.GetProperty("lanes").GetInt32() : 0);

    private async Task<long> BytesInAsync() => (await _hub.ConnectedEdgeAsync(TunnelSetup.EdgeId))!.Value.GetProperty("bytesIn").GetInt64();
}
