using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol.Flow;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Mux.Lanes;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>Lanes have rules of their own (protocol.md section 3).</summary>
public sealed class TlsLaneTests : IDisposable
{
    private readonly TestHub _hub = new();
    private readonly TestEdge _edge = new();

    public void Dispose() => _hub.Dispose();

    [Fact]
    public async Task New_streams_spread_over_lanes_and_their_ids_rise()
    {
        await using var pair = await new TlsLanePairFactory(3).CreateAsync(_hub, _edge);

        var streams = new List<ITunnelStream>();
        for (var i = 0; i < 6; i++)
            streams.Add((await OpenAsync(pair)).Stream);

        Assert.Equal([1u, 2, 3, 4, 5, 6], streams.Select(static stream => stream.Id));
        Assert.Equal([2, 2, 2], LanesOf(pair.Edge).Select(static lane => lane.Mux.ActiveStreams));
        Assert.Equal(6, pair.Edge.ActiveStreams);
        Assert.Equal(6, pair.Hub.ActiveStreams);
        Assert.Equal((3, 3), (pair.Edge.Lanes, pair.Hub.Lanes));
    }

    [Fact]
    public async Task A_lost_lane_takes_only_its_own_streams_and_comes_back()
    {
        await using var pair = await new TlsLanePairFactory(2).CreateAsync(_hub, _edge);
        var onFirst = await OpenAsync(pair);
        var onSecond = await OpenAsync(pair);
        await EchoedAsync(onFirst);
        await EchoedAsync(onSecond);
        var before = pair.Edge.Counters;
        var lost = LanesOf(pair.Edge)[1];
        Assert.Equal(1, lost.Mux.ActiveStreams);

        lost.Mux.Terminate(new TunnelEnd(TunnelEndKind.ConnectionLost, "cut"));

        Assert.True((await onSecond.Client.ReadToAnyEndAsync()).WasReset);
        Assert.True((await onSecond.Upstream.ReadToAnyEndAsync()).WasReset);
        await EchoedAsync(onFirst);
        await Eventually.IsTrueAsync(
            () => pair is { Edge.Lanes: >= 2, Hub.Lanes: >= 2 } && !LanesOf(pair.Edge).Contains(lost), "the lane to come back");
        var next = await OpenAsync(pair);
        await EchoedAsync(next);
        Assert.Equal(1, LanesOf(pair.Edge)[1].Mux.ActiveStreams);
        Assert.False(pair.Edge.Completion.IsCompleted);

        // The bytes that the lost lane carried are not forgotten.
        Assert.True(pair.Edge.Counters.BytesSent > before.BytesSent);
        Assert.Equal(3, pair.Edge.Counters.StreamsOpened);
        Assert.Equal(1, pair.Edge.Counters.StreamsReset);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_first_lane_is_the_tunnel(bool hubBreaks)
    {
        await using var pair = await new TlsLanePairFactory(2).CreateAsync(_hub, _edge);
        var onFirst = await OpenAsync(pair);
        var onSecond = await OpenAsync(pair);

        LanesOf(hubBreaks ? pair.Hub : pair.Edge)[0].Mux.Terminate(new TunnelEnd(TunnelEndKind.ConnectionLost, "cut"));

        foreach (var (client, upstream, _) in new[] { onFirst, onSecond })
        {
            Assert.True((await client.ReadToAnyEndAsync()).WasReset);
            Assert.True((await upstream.ReadToAnyEndAsync()).WasReset);
        }

        await pair.Edge.Completion.WaitAsync(SocketHelpers.Hang);
        await pair.Hub.Completion.WaitAsync(SocketHelpers.Hang);
        Assert.Null(await TestEdge.TryConnectAsync(pair));
        Assert.Equal((0, 0), (pair.Edge.ActiveStreams, pair.Hub.ActiveStreams));
    }

    [Fact]
    public async Task Bulk_brings_a_lane_and_what_comes_then_is_apart_from_it()
    {
        await using var pair = await new TlsLanePairFactory(2, kept: 1).CreateAsync(_hub, _edge);
        var elephant = await OpenAsync(pair);
        Assert.Equal(1, pair.Edge.Lanes);

        var draining = DrainAsync(elephant.Upstream);
        var block = RandomNumberGenerator.GetBytes(1 << 20);
        await UntilLanesAsync(pair, () => elephant.Client.SendAllAsync(block));
        await EchoedAsync(await OpenAsync(pair));

        Assert.Equal([1, 1], LanesOf(pair.Edge).Select(static lane => lane.Mux.ActiveStreams));
        elephant.Client.Shutdown(SocketShutdown.Send);
        await draining;
    }

    [Fact]
    public async Task A_download_counts_as_bulk_too()
    {
        await using var pair = await new TlsLanePairFactory(2, kept: 1).CreateAsync(_hub, _edge);
        var elephant = await OpenAsync(pair);

        var draining = DrainAsync(elephant.Client);
        var block = RandomNumberGenerator.GetBytes(1 << 20);
        await UntilLanesAsync(pair, () => elephant.Upstream.SendAllAsync(block));

        elephant.Upstream.Shutdown(SocketShutdown.Send);
        await draining;
    }

    [Fact]
    public async Task A_lane_that_is_not_wanted_any_more_gets_nothing_new_and_is_closed_once_it_is_empty()
    {
        await using var pair = await new TlsLanePairFactory(2, kept: 1) { QuietTime = TimeSpan.FromMilliseconds(1) }.CreateAsync(
            _hub, _edge);
        var elephant = await OpenAsync(pair);
        var draining = DrainAsync(elephant.Upstream);
        var block = RandomNumberGenerator.GetBytes(1 << 20);
        await UntilLanesAsync(pair, () => elephant.Client.SendAllAsync(block));
        var apart = await OpenAsync(pair);
        await EchoedAsync(apart);
        var second = LanesOf(pair.Edge)[1];
        Assert.Equal(1, second.Mux.ActiveStreams);

        elephant.Client.Shutdown(SocketShutdown.Send);
        await draining;
        await Eventually.IsTrueAsync(() => second.IsRetiring, "the second lane to take nothing new");
        await EchoedAsync(await OpenAsync(pair));
        await EchoedAsync(apart);
        Assert.Equal(1, second.Mux.ActiveStreams);
        apart.Client.Dispose();
        apart.Upstream.Dispose();

        await Eventually.IsTrueAsync(() => pair.Edge.Lanes == 1 && pair.Hub.Lanes == 1, "one lane to be left");
        Assert.Equal(TunnelEndKind.Closed, (await second.Mux.Completion.WaitAsync(SocketHelpers.Hang)).Kind);
        await EchoedAsync(await OpenAsync(pair));
    }

    [Fact]
    public async Task A_stream_leaves_the_lane_on_which_bulk_begins_and_then_the_lane_that_is_not_wanted_any_more()
    {
        var factory = new TlsLanePairFactory(2, kept: 1)
        {
            QuietTime = TimeSpan.FromMilliseconds(1),
            ResumeGrace = TransportContext.DefaultResumeGrace,
        };
        await using var pair = await factory.CreateAsync(_hub, _edge);
        _hub.Left = pair.Hub;
        var older = await OpenAsync(pair);
        await EchoedAsync(older);
        var elephant = await OpenAsync(pair);
        var draining = DrainAsync(elephant.Upstream);
        var block = RandomNumberGenerator.GetBytes(1 << 20);

        await SocketHelpers.RepeatUntilAsync(
            async () =>
            {
                await elephant.Client.SendAllAsync(block);
                await EchoedAsync(older);
            },
            () => StreamsOnLanes().SequenceEqual([1, 1]),
            () => $"one stream on each of two lanes; there are {string.Join(", ", StreamsOnLanes())}");
        await EchoedAsync(older);
        elephant.Client.Shutdown(SocketShutdown.Send);
        await draining;
        await Eventually.IsTrueAsync(() => pair.Edge.Lanes == 1 && pair.Hub.Lanes == 1, "one lane to be left");
        await EchoedAsync(older);
        Assert.False(pair.Edge.Completion.IsCompleted);
        older.Client.Shutdown(SocketShutdown.Send);
        Assert.Empty(await older.Upstream.ReadToEndAsync());
        older.Upstream.Shutdown(SocketShutdown.Send);
        Assert.Empty(await older.Client.ReadToEndAsync());

        IEnumerable<int> StreamsOnLanes() => LanesOf(pair.Edge).Select(static lane => lane.Mux.ActiveStreams);
    }

    [Fact]
    public async Task Streams_that_change_their_lane_again_and_again_lose_nothing()
    {
        const int Count = 16;
        const int Size = 4 << 20;
        const int Changes = 100;
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var pair = await new TlsLanePairFactory(3) { ResumeGrace = TransportContext.DefaultResumeGrace }.CreateAsync(
            _hub, _edge);
        _hub.Left = pair.Hub;
        var tunnel = (LanedTunnel)pair.Edge;
        var transfers = new List<Task>();
        var received = new List<Task<byte[]>>();
        var data = RandomNumberGenerator.GetBytes(Size);
        for (var i = 0; i < Count; i++)
        {
            var (client, upstream, _) = await OpenAsync(pair);
            transfers.AddRange([SendAsync(client), SendAsync(upstream)]);
            received.AddRange([client.ReadToEndAsync(), upstream.ReadToEndAsync()]);
        }

        var random = new Random(5);
        var asked = 0;
        var all = Task.WhenAll(received);
        while (!all.IsCompleted)
        {
            // Each change takes a number.
            if (tunnel.Moving.Find((uint)random.Next(1, Count + asked + 1)) is { } stream)
            {
                Assert.True(stream.TryHandOver(tunnel.Moving, tunnel));
                if (++asked == Changes)
                    enough.SetResult();
            }

            await Task.Delay(1);
        }

        await Task.WhenAll(transfers);
        var hash = SHA256.HashData(data);
        Assert.All(await all, bytes => Assert.Equal(hash, SHA256.HashData(bytes)));

        async Task SendAsync(Socket socket)
        {
            await socket.SendAllAsync(data);
            await enough.Task;
            socket.Shutdown(SocketShutdown.Send);
        }
    }

    [Fact]
    public async Task A_refused_lane_costs_no_stream()
    {
        var refused = new TaskCompletionSource<ITunnel>(TaskCreationOptions.RunContinuationsAsynchronously);
        var factory = new TlsLanePairFactory(2, kept: 1)
        {
            Join = (_, lane, _) =>
            {
                refused.TrySetResult(lane);
                return false;
            },
        };
        await using var pair = await factory.CreateAsync(_hub, _edge);
        var elephant = await OpenAsync(pair);
        var draining = DrainAsync(elephant.Upstream);
        var block = RandomNumberGenerator.GetBytes(1 << 20);
        await SocketHelpers.RepeatUntilAsync(
            () => elephant.Client.SendAllAsync(block), () => refused.Task.IsCompleted, () => "a lane that is refused");

        await EchoedAsync(await OpenAsync(pair));
        await (await refused.Task).Completion.WaitAsync(SocketHelpers.Hang);
        await EchoedAsync(await OpenAsync(pair));

        Assert.Equal((1, 1), (pair.Edge.Lanes, pair.Hub.Lanes));
        elephant.Client.Shutdown(SocketShutdown.Send);
        await draining;
    }

    [Fact]
    public async Task After_goaway_no_lane_takes_new_streams_and_none_joins()
    {
        await using var pair = await new TlsLanePairFactory(2).CreateAsync(_hub, _edge);
        await OpenAsync(pair);
        var onSecond = await OpenAsync(pair);

        pair.Hub.SendGoAway(GoAway.Shutdown);
        Assert.Equal(2u, (await _edge.GoAway.Task.WaitAsync(SocketHelpers.Hang)).LastStreamId);
        await _hub.GoAway.Task.WaitAsync(SocketHelpers.Hang);

        Assert.Null(await TestEdge.TryConnectAsync(pair));
        await EchoedAsync(onSecond);
        LanesOf(pair.Edge)[1].Mux.Terminate(new TunnelEnd(TunnelEndKind.ConnectionLost, "cut"));
        await Eventually.IsTrueAsync(() => pair is { Edge.Lanes: 1, Hub.Lanes: 1 }, "the end of the lane");
        Assert.False(((LanedTunnel)pair.Hub).TryJoin(1, LanesOf(pair.Hub)[0].Mux));
    }

    [Fact]
    public async Task Only_numbers_that_are_free_and_in_range_can_join()
    {
        await using var pair = await new TlsLanePairFactory(2).CreateAsync(_hub, _edge);
        var hub = (LanedTunnel)pair.Hub;
        var any = LanesOf(pair.Hub)[1].Mux;

        Assert.All([-1, 0, 1, 2, int.MaxValue], index => Assert.False(hub.TryJoin(index, any)));
        Assert.Equal(2, hub.Lanes);
    }

    [Theory]
    [InlineData(1, 8)]
    [InlineData(8, 1)]
    public async Task Without_lanes_at_either_end_there_is_one_connection(int hubMax, int edgeMax)
    {
        await using var pair = await TlsPairFactory.CreateAsync(
            _hub, _edge, new LaneOptions { Max = hubMax, Kept = hubMax }, new LaneOptions { Max = edgeMax, Kept = edgeMax });
        await EchoedAsync(await OpenAsync(pair));

        Assert.Equal((1, 1), (pair.Edge.Lanes, pair.Hub.Lanes));
        Assert.Equal((TunnelProtocol.SupportedFeatures, TunnelProtocol.SupportedFeatures), (pair.Edge.Features, pair.Hub.Features));
    }

    [Fact]
    public async Task A_lost_lane_is_dialled_with_pauses_and_not_at_all_while_the_first_one_is_lost_too()
    {
        _edge.KeepsLost = true;
        await using var pair = await new TlsLanePairFactory(2) { ResumeGrace = TimeSpan.FromSeconds(60) }.CreateAsync(_hub, _edge);
        var tunnel = (LanedTunnel)pair.Edge;
        var time = new ManualTimeProvider();
        var context = new TransportContext(
            new FlowControlOptions(), time, NullLoggerFactory.Instance)
        { Lanes = new LaneOptions { Max = 2, Kept = 2 } };
        var dials = 0;
        tunnel.Keeper!.Stop();
        var keeper = new LaneKeeper(tunnel, DialAsync, "hub.test", context);
        var lost = new TunnelEnd(TunnelEndKind.ConnectionLost, "by the test");
        await tunnel.All[1].Mux.Links.DetachAsync(lost);
        Assert.True(tunnel.All[1].Mux.IsLost);
        keeper.Start();
        time.Advance(TimeSpan.Zero);
        Assert.Equal(1, dials);

        // The pauses are 0.5 to 1 s, then 1 to 2 s, and no longer than that.
        for (var elapsed = 0; elapsed < 21_000; elapsed += BulkMeter.Period)
            time.Advance(TimeSpan.FromMilliseconds(BulkMeter.Period));
        Assert.InRange(dials, 10, 23);

        var before = dials;
        await tunnel.All[0].Mux.Links.DetachAsync(lost);
        Assert.True(tunnel.IsLost);
        for (var elapsed = 0; elapsed < 21_000; elapsed += BulkMeter.Period)
            time.Advance(TimeSpan.FromMilliseconds(BulkMeter.Period));
        Assert.Equal(before, dials);
        keeper.Stop();

        Task<DialResult> DialAsync(int index, IEdgeTunnelHandler handler, CancellationToken cancellationToken)
        {
            dials++;
            return Task.FromResult(DialResult.Failed(DialFailureKind.Unreachable, "refused by the test"));
        }
    }

    [Fact]
    public async Task What_is_open_on_a_lane_that_gets_no_other_connection_goes_on_by_way_of_the_first_one()
    {
        _edge.KeepsLost = _hub.KeepsLost = true;
        await using var pair = await new TlsLanePairFactory(2) { ResumeGrace = TimeSpan.FromSeconds(60) }.CreateAsync(_hub, _edge);
        var tunnel = (LanedTunnel)pair.Edge;
        (_hub.Left, _hub.LeftConnection) = (pair.Hub, LanesOf(pair.Hub)[1].Mux);
        var onFirst = await OpenAsync(pair);
        var onSecond = await OpenAsync(pair);
        Assert.Equal((1, 1), (tunnel.All[0].Mux.ActiveStreams, tunnel.All[1].Mux.ActiveStreams));
        var context = new TransportContext(new FlowControlOptions(), TimeProvider.System, NullLoggerFactory.Instance)
        {
            Lanes = new LaneOptions { Max = 2, Kept = 2 },
        };
        tunnel.Keeper!.Stop();
        var refused = DialResult.Failed(DialFailureKind.Unreachable, "refused by the test");
        var keeper = new LaneKeeper(tunnel, (_, _, _) => Task.FromResult(refused), "hub.test", context);

        await tunnel.All[1].Mux.Links.DetachAsync(new TunnelEnd(TunnelEndKind.ConnectionLost, "by the test"));
        await onSecond.Client.SendAllAsync("while it is lost"u8.ToArray());
        keeper.Start();

        Assert.Equal("while it is lost"u8.ToArray(), await onSecond.Upstream.ReadExactlyAsync(16));
        await EchoedAsync(onSecond);
        await Eventually.IsTrueAsync(() => pair.Edge.Lanes == 1 && pair.Hub.Lanes == 1, "the lane to be left");
        await EchoedAsync(onSecond);
        await EchoedAsync(onFirst);
        keeper.Stop();
    }

    [Fact]
    public async Task A_tunnel_with_two_lost_lanes_goes_on_within_another_one_and_a_lane_that_did_not_get_through_is_asked_again()
    {
        _edge.KeepsLost = _hub.KeepsLost = true;
        await using var pair = await new TlsLanePairFactory(2) { ResumeGrace = TransportContext.DefaultResumeGrace }.CreateAsync(
            _hub, _edge);
        var onFirst = await OpenAsync(pair);
        var onSecond = await OpenAsync(pair);
        var (edge, hub) = ((LanedTunnel)pair.Edge, LanesOf(pair.Hub).ToArray());
        Assert.Equal((1, 1), (edge.All[0].Mux.ActiveStreams, edge.All[1].Mux.ActiveStreams));
        var next = await new TlsPairFactory { ResumeGrace = TransportContext.DefaultResumeGrace }.CreateAsync(_hub, _edge);
        _hub.FindLeft = move => (move.TunnelId == "tunnel-1" ? hub[0] : hub[1]).Mux;

        // Both are lost; the first MOVE of the second lane finds a hub that ends the stream without an answer.
        edge.Keeper!.Stop();
        var lost = new TunnelEnd(TunnelEndKind.ConnectionLost, "by the test");
        await edge.All[0].Mux.Links.DetachAsync(lost);
        await edge.All[1].Mux.Links.DetachAsync(lost);
        await onFirst.Client.SendAllAsync("one"u8.ToArray());
        await onSecond.Client.SendAllAsync("two"u8.ToArray());
        _hub.FalselyAnswered = static move => move.TunnelId == "tunnel-2";

        Assert.Equal(ResumeOutcome.Failed, await edge.ResumeWithinAsync(next.Edge, CancellationToken.None).WaitAsync(SocketHelpers.Hang));
        Assert.Equal((false, true), (edge.All[0].Mux.IsLost, edge.All[1].Mux.IsLost));
        Assert.Equal("one"u8.ToArray(), await onFirst.Upstream.ReadExactlyAsync(3));

        _hub.FalselyAnswered = null;
        Assert.Equal(ResumeOutcome.Resumed, await edge.ResumeWithinAsync(next.Edge, CancellationToken.None).WaitAsync(SocketHelpers.Hang));
        Assert.Equal("two"u8.ToArray(), await onSecond.Upstream.ReadExactlyAsync(3));
        await EchoedAsync(onFirst);
        await EchoedAsync(onSecond);
        Assert.Equal((2, 2), (pair.Edge.Lanes, pair.Hub.Lanes));
        await next.DisposeAsync();
    }

    private static Task UntilLanesAsync(TunnelPair pair, Func<Task> sendBulk) =>
        SocketHelpers.RepeatUntilAsync(sendBulk, () => pair.Edge.Lanes >= 2, () => "the lane that bulk brings");

    private static IReadOnlyList<Lane> LanesOf(ITunnel tunnel) => ((LanedTunnel)tunnel).All;

    private async Task<(Socket Client, Socket Upstream, ITunnelStream Stream)> OpenAsync(TunnelPair pair)
    {
        var (client, stream) = await TestEdge.ConnectAsync(pair);
        return (client, await _hub.AcceptAsync(), stream);
    }

    private static async Task EchoedAsync((Socket Client, Socket Upstream, ITunnelStream Stream) stream)
    {
        await stream.Client.SendAllAsync("to"u8.ToArray());
        Assert.Equal("to"u8.ToArray(), await stream.Upstream.ReadExactlyAsync(2));
        await stream.Upstream.SendAllAsync("and fro"u8.ToArray());
        Assert.Equal("and fro"u8.ToArray(), await stream.Client.ReadExactlyAsync(7));
    }

    private static async Task DrainAsync(Socket socket)
    {
        var buffer = new byte[256 << 10];
        while (await socket.ReceiveAsync(buffer, SocketFlags.None).WaitAsync(SocketHelpers.Hang) > 0)
        {
        }
    }
}
