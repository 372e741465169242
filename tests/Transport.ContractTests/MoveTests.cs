using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Tls;
using Tunnel.TestUtilities.Wire;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>Streams of a tunnel over QUIC go on over another tunnel (protocol.md section 8).</summary>
public sealed class MoveTests : IAsyncLifetime
{
    private readonly TransportContext _hubContext = QuicPairFactory.MakeContext();
    private readonly TransportContext _edgeContext = QuicPairFactory.MakeContext();
    private readonly TestHub _hub = new();
    private readonly TestEdge _edge = new();
    private readonly List<TunnelPair> _pairs = [];

    public ValueTask InitializeAsync()
    {
        QuicPairFactory.Require();
        _hub.Context = _hubContext;
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var pair in _pairs)
            await pair.DisposeAsync();
        _hub.Dispose();
    }

    public static TheoryData<bool> Others => [true, false];

    [Theory]
    [MemberData(nameof(Others))]
    public async Task What_is_under_way_arrives_once_and_in_order_over_the_other_tunnel(bool overQuic)
    {
        var first = await DialAsync(overQuic: true);
        var (client, _) = await TestEdge.ConnectAsync(first);
        var upstream = await _hub.AcceptAsync();
        var up = RandomNumberGenerator.GetBytes(8 << 20);
        var down = RandomNumberGenerator.GetBytes(8 << 20);
        var moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sending = Task.WhenAll(SendAsync(client, up, moved.Task), SendAsync(upstream, down, moved.Task));
        var heard = ReadAsync(upstream, 1 << 20);
        var before = await ReadAsync(client, 1 << 20);
        var beforeUp = await heard;

        var second = await DialAsync(overQuic);
        await first.Edge.MoveStreamsAsync(second.Edge).WaitAsync(SocketHelpers.Hang);
        moved.SetResult();

        var gotUp = upstream.ReadToEndAsync();
        var gotDown = await client.ReadToEndAsync();
        Assert.Equal(down.Length, before.Length + gotDown.Length);
        Assert.Equal(SHA256.HashData(down), SHA256.HashData([.. before, .. gotDown]));
        Assert.Equal(SHA256.HashData(up), SHA256.HashData([.. beforeUp, .. await gotUp]));
        await sending;
        Assert.True(first.Edge.Completion.IsCompleted);
        Assert.Equal(1, (await first.Edge.StreamsMoved.WaitAsync(SocketHelpers.Hang)).Streams);
        var atHub = await first.Hub.StreamsMoved.WaitAsync(SocketHelpers.Hang);
        Assert.Equal(1, atHub.Streams);
        Assert.InRange(atHub.BytesAgain, 0, 8 << 20);
        AssertOpenedOnce(first, second);
        await first.Hub.StreamsSettled.WaitAsync(SocketHelpers.Hang);
        await first.Edge.StreamsSettled.WaitAsync(SocketHelpers.Hang);
    }

    [Theory]
    [MemberData(nameof(Others))]
    public async Task Many_idle_streams_go_on_and_what_follows_on_each_is_its_own(bool overQuic)
    {
        const int Count = 1_500;
        var first = await DialAsync(overQuic: true);
        var ends = new List<(Socket Client, Socket Upstream)>();
        for (var i = 0; i < Count; i++)
        {
            var (client, _) = await TestEdge.ConnectAsync(first);
            ends.Add((client, await _hub.AcceptAsync()));
        }

        var second = await DialAsync(overQuic);
        await first.Edge.MoveStreamsAsync(second.Edge).WaitAsync(SocketHelpers.Hang);

        for (var i = 0; i < Count; i++)
        {
            var (client, upstream) = ends[i];
            await client.SendAsync(BitConverter.GetBytes(i));
            await upstream.SendAsync(BitConverter.GetBytes(~i));
        }

        for (var i = 0; i < Count; i++)
        {
            var (client, upstream) = ends[i];
            Assert.Equal(i, BitConverter.ToInt32(await ReadAsync(upstream, 4)));
            Assert.Equal(~i, BitConverter.ToInt32(await ReadAsync(client, 4)));
        }
    }

    [Theory]
    [MemberData(nameof(Others))]
    public async Task A_half_closed_stream_stays_half_closed(bool overQuic)
    {
        var first = await DialAsync(overQuic: true);
        var (client, _) = await TestEdge.ConnectAsync(first);
        var upstream = await _hub.AcceptAsync();
        await client.SendAsync("question"u8.ToArray());
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal("question"u8.ToArray(), await upstream.ReadToEndAsync());

        var second = await DialAsync(overQuic);
        await first.Edge.MoveStreamsAsync(second.Edge).WaitAsync(SocketHelpers.Hang);
        await upstream.SendAsync("answer"u8.ToArray());
        upstream.Shutdown(SocketShutdown.Send);

        Assert.Equal("answer"u8.ToArray(), await client.ReadToEndAsync());
    }

    [Fact]
    public async Task A_stream_moves_as_often_as_it_must_and_a_reset_is_passed_on()
    {
        var pair = await DialAsync(overQuic: true);
        var (client, _) = await TestEdge.ConnectAsync(pair);
        var upstream = await _hub.AcceptAsync();
        for (var i = 0; i < 5; i++)
        {
            await client.SendAsync(BitConverter.GetBytes(i));
            var next = await DialAsync(overQuic: true);
            await pair.Edge.MoveStreamsAsync(next.Edge).WaitAsync(SocketHelpers.Hang);
            Assert.Equal(i, BitConverter.ToInt32(await ReadAsync(upstream, 4)));

            // Only the new tunnel can bring an answer.
            await upstream.SendAsync(BitConverter.GetBytes(~i));
            Assert.Equal(~i, BitConverter.ToInt32(await ReadAsync(client, 4)));
            pair = next;
            _hub.Left = pair.Hub;
        }

        AssertResets(0);
        upstream.LingerState = new LingerOption(true, 0);
        upstream.Close();
        var (_, wasReset) = await client.ReadToAnyEndAsync();
        Assert.True(wasReset);
        await UntilAsync(() => pair.Hub.Counters.StreamsReset == 1 && pair.Edge.Counters.StreamsReset == 1);
        AssertResets(1);
    }

    [Fact]
    public async Task A_hub_that_does_not_know_the_stream_ends_it()
    {
        var first = await DialAsync(overQuic: true);
        var (client, stream) = await TestEdge.ConnectAsync(first);
        await _hub.AcceptAsync();
        var second = await DialAsync(overQuic: true);
        _hub.Left = null;

        await first.Edge.MoveStreamsAsync(second.Edge).WaitAsync(SocketHelpers.Hang);

        var (_, wasReset) = await client.ReadToAnyEndAsync();
        Assert.True(wasReset);
        Assert.NotNull(stream);
        await first.Edge.StreamsSettled.WaitAsync(SocketHelpers.Hang);
    }

    [Fact]
    public async Task A_tunnel_that_is_closed_in_order_takes_its_streams_with_it()
    {
        var first = await DialAsync(overQuic: true);
        var (client, _) = await TestEdge.ConnectAsync(first);
        var upstream = await _hub.AcceptAsync();

        await first.Edge.DisposeAsync();

        Assert.True((await client.ReadToAnyEndAsync()).WasReset);
        Assert.True((await upstream.ReadToAnyEndAsync()).WasReset);
        Assert.Equal(0, first.Edge.StreamsToMove);
        await first.Hub.StreamsSettled.WaitAsync(SocketHelpers.Hang);
        AssertResets(1);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public async Task A_tunnel_that_lives_hands_over_what_is_open(bool fromQuic, bool toQuic)
    {
        var first = await DialAsync(fromQuic);
        var (client, _) = await TestEdge.ConnectAsync(first);
        var upstream = await _hub.AcceptAsync();
        var (idle, _) = await TestEdge.ConnectAsync(first);
        var idleUpstream = await _hub.AcceptAsync();
        var (half, _) = await TestEdge.ConnectAsync(first);
        var halfUpstream = await _hub.AcceptAsync();
        await half.SendAsync("question"u8.ToArray());
        half.Shutdown(SocketShutdown.Send);
        Assert.Equal("question"u8.ToArray(), await halfUpstream.ReadToEndAsync());
        var up = RandomNumberGenerator.GetBytes(16 << 20);
        var down = RandomNumberGenerator.GetBytes(16 << 20);
        var moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sending = Task.WhenAll(SendAsync(client, up, moved.Task), SendAsync(upstream, down, moved.Task));
        var heard = ReadAsync(upstream, 1 << 20);
        var before = await ReadAsync(client, 1 << 20);
        var beforeUp = await heard;

        var second = await DialAsync(toQuic);
        var handing = first.Edge.HandOverStreamsAsync(second.Edge);
        moved.SetResult();

        var gotUp = upstream.ReadToEndAsync();
        var gotDown = await client.ReadToEndAsync();
        Assert.Equal(SHA256.HashData(down), SHA256.HashData([.. before, .. gotDown]));
        Assert.Equal(SHA256.HashData(up), SHA256.HashData([.. beforeUp, .. await gotUp]));
        await sending;
        await handing.WaitAsync(SocketHelpers.Hang);
        await first.Edge.WaitForStreamsAsync(TestContext.Current.CancellationToken).WaitAsync(SocketHelpers.Hang);
        await first.Edge.DisposeAsync();
        await AssertGoesOnAsync(idle, idleUpstream, 1, 2);
        await halfUpstream.SendAsync("answer"u8.ToArray());
        halfUpstream.Shutdown(SocketShutdown.Send);
        Assert.Equal("answer"u8.ToArray(), await half.ReadToEndAsync());
        AssertOpenedOnce(first, second, streams: 3);
    }

    [Fact]
    public async Task What_the_hub_does_not_know_stays_on_the_tunnel_that_lives()
    {
        var first = await DialAsync(overQuic: false);
        var (client, _) = await TestEdge.ConnectAsync(first);
        var upstream = await _hub.AcceptAsync();
        var second = await DialAsync(overQuic: true);
        _hub.Left = second.Hub;

        Assert.Equal(0, await first.Edge.HandOverStreamsAsync(second.Edge).WaitAsync(SocketHelpers.Hang));

        await AssertGoesOnAsync(client, upstream, 1, 2);
    }

    [Fact]
    public async Task A_tunnel_over_tls_whose_connection_is_lost_goes_on_within_one_over_quic_and_hands_over_what_is_open()
    {
        using var relay = new CutRelay();
        var first = await DialAsync(overQuic: false, relay);
        var (client, _) = await TestEdge.ConnectAsync(first);
        var upstream = await _hub.AcceptAsync();
        var (idle, _) = await TestEdge.ConnectAsync(first);
        var idleUpstream = await _hub.AcceptAsync();
        var (half, _) = await TestEdge.ConnectAsync(first);
        var halfUpstream = await _hub.AcceptAsync();
        half.Shutdown(SocketShutdown.Send);
        await halfUpstream.ReadToEndAsync();
        var up = RandomNumberGenerator.GetBytes(16 << 20);
        var down = RandomNumberGenerator.GetBytes(16 << 20);
        var moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sending = Task.WhenAll(SendAsync(client, up, moved.Task), SendAsync(upstream, down, moved.Task));
        var heard = ReadAsync(upstream, 1 << 20);
        var before = await ReadAsync(client, 1 << 20);
        var beforeUp = await heard;

        relay.Cut();
        await UntilAsync(() => first.Edge.IsLost && first.Hub.IsLost);
        var second = await DialAsync(overQuic: true);
        Assert.Equal(ResumeOutcome.Resumed, await ResumeWithinAsync(first, second));
        Assert.False(first.Edge.IsLost);
        Assert.Equal(3, await first.Edge.HandOverStreamsAsync(second.Edge).WaitAsync(SocketHelpers.Hang));
        moved.SetResult();

        var gotUp = upstream.ReadToEndAsync();
        var gotDown = await client.ReadToEndAsync();
        Assert.Equal(SHA256.HashData(down), SHA256.HashData([.. before, .. gotDown]));
        Assert.Equal(SHA256.HashData(up), SHA256.HashData([.. beforeUp, .. await gotUp]));
        await sending;
        await first.Edge.WaitForStreamsAsync(CancellationToken.None).WaitAsync(SocketHelpers.Hang);
        await first.Edge.DisposeAsync();
        Assert.Equal(TunnelEndKind.PeerClosed, (await first.Hub.Completion.WaitAsync(SocketHelpers.Hang)).Kind);
        await AssertGoesOnAsync(idle, idleUpstream, 1, 2);
        await halfUpstream.SendAsync("answer"u8.ToArray());
        halfUpstream.Shutdown(SocketShutdown.Send);
        Assert.Equal("answer"u8.ToArray(), await half.ReadToEndAsync());
    }

    [Fact]
    public async Task A_connection_within_another_tunnel_may_be_lost_as_well_and_the_next_one_is_taken()
    {
        using var relay = new CutRelay();
        var first = await DialAsync(overQuic: false, relay);
        var (client, _) = await TestEdge.ConnectAsync(first);
        var upstream = await _hub.AcceptAsync();
        relay.Cut();
        for (var i = 0; i < 3; i++)
        {
            await UntilAsync(() => first.Edge.IsLost && first.Hub.IsLost);
            var next = await DialAsync(overQuic: true);
            Assert.Equal(ResumeOutcome.Resumed, await ResumeWithinAsync(first, next));
            await AssertGoesOnAsync(client, upstream, i, ~i);
            await next.Edge.DisposeAsync();
            AssertResets(0);
        }
    }

    [Fact]
    public async Task What_the_hub_has_not_kept_is_refused_within_another_tunnel_too()
    {
        using var relay = new CutRelay();
        var first = await DialAsync(overQuic: false, relay);
        relay.Cut();
        await UntilAsync(() => first.Edge.IsLost && first.Hub.IsLost);
        await first.Hub.DisposeAsync();
        var second = await DialAsync(overQuic: true);

        Assert.Equal(ResumeOutcome.Refused, await ResumeWithinAsync(first, second));
    }

    [Theory]
    [InlineData(1L << 40, 0, ResetReason.Protocol)]
    [InlineData(long.MaxValue, long.MaxValue, ResetReason.Protocol)]
    [InlineData(0, 1L << 40, ResetReason.Refused)]
    public async Task An_edge_that_lies_about_a_connection_harms_only_the_stream_that_it_says_it_on(
        long received, long from, ResetReason expected)
    {
        var first = await DialAsync(overQuic: false);
        var (client, _) = await TestEdge.ConnectAsync(first);
        var upstream = await _hub.AcceptAsync();
        var second = await DialAsync(overQuic: true);
        var liar = new FakeEndpoint();
        var end = new EndNote();

        second.Edge.OpenStream(
            new StreamOpening { Move = new StreamMove("tunnel-1", StreamMove.Connection, 1, new StreamPoint(received, from)) }, liar, end);

        Assert.Equal(new StreamEnd(StreamEndSide.Remote, expected), await end.End.Task.WaitAsync(SocketHelpers.Hang));
        Assert.False(first.Hub.Completion.IsCompleted || second.Hub.Completion.IsCompleted);
        await client.SendAsync(BitConverter.GetBytes(1));
        Assert.Equal(1, BitConverter.ToInt32(await ReadAsync(upstream, 4)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00 00 00 00 00 00 00")]
    [InlineData("00 00 00 00 00 00 00 00 00 00 00 00 00 00 00")]
    [InlineData("00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00")]
    [InlineData("FF FF FF FF FF FF FF FF 00 00 00 00 00 00 00 00")]
    [InlineData("00 00 00 00 00 00 00 00 FF FF FF FF FF FF FF FF")]
    [InlineData("00 00 00 00 00 00 00 00 00 00 01 00 00 00 00 00")]
    public async Task A_hub_that_answers_nothing_true_costs_the_lost_tunnel_nothing(string hex)
    {
        using var relay = new CutRelay();
        var first = await DialAsync(overQuic: false, relay);
        var (client, _) = await TestEdge.ConnectAsync(first);
        var upstream = await _hub.AcceptAsync();
        relay.Cut();
        await UntilAsync(() => first.Edge.IsLost && first.Hub.IsLost);
        var second = await DialAsync(overQuic: true);
        _hub.FalseAnswer = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

        Assert.Equal(ResumeOutcome.Failed, await ResumeWithinAsync(first, second));

        _hub.FalseAnswer = null;
        Assert.Equal(ResumeOutcome.Resumed, await ResumeWithinAsync(first, second));
        await client.SendAsync(BitConverter.GetBytes(1));
        Assert.Equal(1, BitConverter.ToInt32(await ReadAsync(upstream, 4)));
    }

    [Fact]
    public async Task Of_a_storm_of_streams_that_ask_for_the_same_connection_the_newest_has_it()
    {
        var first = await DialAsync(overQuic: false);
        var (client, _) = await TestEdge.ConnectAsync(first);
        var upstream = await _hub.AcceptAsync();
        _edge.KeepsLost = _hub.KeepsLost = true;
        var second = await DialAsync(overQuic: true);

        // None of them says anything behind the hub's answer; an older one is turned away whenever it comes.
        var ends = new List<EndNote>();
        for (var turn = 1u; turn <= 64; turn++)
            ends.Add(Ask(turn));
        ends.AddRange([Ask(1), Ask(63), Ask(64)]);
        await UntilAsync(() => ends.Count(static end => !end.End.Task.IsCompleted) == 1);
        Assert.False(ends[63].End.Task.IsCompleted && ends[^1].End.Task.IsCompleted);
        Assert.False(first.Hub.IsLost || first.Hub.Completion.IsCompleted);

        // The edge itself has lost its connection by that. It comes back when it has asked as often.
        await UntilAsync(() => first.Edge.IsLost);
        var tries = 0;
        while (await ResumeWithinAsync(first, second) == ResumeOutcome.Refused)
            tries++;
        Assert.Equal(64, tries);
        await client.SendAsync(BitConverter.GetBytes(1));
        Assert.Equal(1, BitConverter.ToInt32(await ReadAsync(upstream, 4)));

        EndNote Ask(uint turn)
        {
            var end = new EndNote();
            second.Edge.OpenStream(
                new StreamOpening { Move = new StreamMove("tunnel-1", StreamMove.Connection, turn, new StreamPoint(0, 0)) },
                new FakeEndpoint(), end);
            return end;
        }
    }

    // What one end says comes to the other.
    private static async Task AssertGoesOnAsync(Socket client, Socket upstream, int up, int down)
    {
        await client.SendAsync(BitConverter.GetBytes(up));
        await upstream.SendAsync(BitConverter.GetBytes(down));
        Assert.Equal(up, BitConverter.ToInt32(await ReadAsync(upstream, 4)));
        Assert.Equal(down, BitConverter.ToInt32(await ReadAsync(client, 4)));
    }

    // A stream is opened by its client; where it goes on, it is no other one, and where it was, it was not reset.
    private void AssertOpenedOnce(TunnelPair first, TunnelPair second, int streams = 1)
    {
        AssertResets(0);
        Assert.Equal((streams, 0), (first.Edge.Counters.StreamsOpened, second.Edge.Counters.StreamsOpened));
        Assert.Equal((streams, 0), (first.Hub.Counters.StreamsOpened, second.Hub.Counters.StreamsOpened));
    }

    private void AssertResets(int count) =>
        Assert.Equal(
            (count, count),
            (_pairs.Sum(static pair => pair.Edge.Counters.StreamsReset), _pairs.Sum(static pair => pair.Hub.Counters.StreamsReset)));

    private async Task<TunnelPair> DialAsync(bool overQuic, CutRelay? relay = null)
    {
        if (relay is not null)
            _edge.KeepsLost = _hub.KeepsLost = true;
        var pair = overQuic ? await DialQuicAsync() : await DialTlsAsync(relay);
        pair.Hub.Start();
        pair.Edge.Start();
        await _hub.Hello.Task.WaitAsync(SocketHelpers.Hang);
        _pairs.Add(pair);
        _hub.Left ??= pair.Hub;
        return pair;
    }

    private async Task<TunnelPair> DialQuicAsync()
    {
        var accepted = new TaskCompletionSource<ITunnel>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var listener = QuicPairFactory.Listen(
            _hubContext, connection => _ = QuicPairFactory.AcceptAsync(connection, _hubContext, _hub, accepted));
        var result = await new QuicTunnelDialer(_edgeContext).DialAsync(
            QuicPairFactory.Request(listener.LocalEndPoint, _edge), CancellationToken.None);
        return new TunnelPair(await accepted.Task.WaitAsync(SocketHelpers.Hang), result.Tunnel!, _hubContext, _edgeContext);
    }

    private async Task<TunnelPair> DialTlsAsync(CutRelay? relay)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var hub = (IPEndPoint)listener.LocalEndPoint!;
        var accepting = TlsPairFactory.AcceptAsync(listener, _hubContext, _hub);
        var result = await new TlsTunnelDialer(_edgeContext).DialAsync(
            TlsPairFactory.Request(relay?.Before(hub) ?? hub, _edge), CancellationToken.None);
        return new TunnelPair(await accepting, result.Tunnel!, _hubContext, _edgeContext);
    }

    private static Task<ResumeOutcome> ResumeWithinAsync(TunnelPair lost, TunnelPair next) =>
        lost.Edge.ResumeWithinAsync(next.Edge, CancellationToken.None).WaitAsync(SocketHelpers.Hang);

    private static async Task UntilAsync(Func<bool> holds)
    {
        using var limit = new CancellationTokenSource(SocketHelpers.Hang);
        while (!holds())
            await Task.Delay(5, limit.Token);
    }

    /// <summary>A way to the hub that can be cut.</summary>
    private sealed class CutRelay : IDisposable
    {
        private TcpRelay? _relay;

        public IPEndPoint Before(IPEndPoint hub) => (_relay = new TcpRelay(hub)).EndPoint;

        public void Cut() => _relay!.Cut(0);

        public void Dispose() => _relay?.Dispose();
    }

    // The last bytes wait for the move: the kernel may take all that a peer does not read, and a stream that has ended goes nowhere.
    private static async Task SendAsync(Socket socket, byte[] data, Task moved)
    {
        const int Last = 64 << 10;
        await socket.SendAllAsync(data.AsMemory(..^Last));
        await moved.WaitAsync(SocketHelpers.Hang);
        await socket.SendAllAsync(data.AsMemory(data.Length - Last));
        socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task<byte[]> ReadAsync(Socket socket, int count)
    {
        var data = new byte[count];
        for (var read = 0; read < count;)
        {
            var more = await socket.ReceiveAsync(data.AsMemory(read)).AsTask().WaitAsync(SocketHelpers.Hang);
            Assert.NotEqual(0, more);
            read += more;
        }

        return data;
    }
}
