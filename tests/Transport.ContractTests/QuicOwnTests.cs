using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Quic.Native;
using Tunnel.Shared.Transport.Quic.Streams;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Transport.ContractTests;

/// <summary>QUIC alone has limits of streams, datagrams, and a path that changes.</summary>
[Collection(nameof(TunnelStress))]
public sealed class QuicOwnTests : IAsyncLifetime
{
    private readonly TestHub _hub = new();
    private readonly TestEdge _edge = new();
    private TunnelPair? _pair;

    private TunnelPair Pair => _pair!;

    private QuicTunnel HubTunnel => (QuicTunnel)Pair.Hub;

    private QuicTunnel EdgeTunnel => (QuicTunnel)Pair.Edge;

    public async ValueTask InitializeAsync() => _pair = await new QuicPairFactory().CreateAsync(_hub, _edge);

    public async ValueTask DisposeAsync()
    {
        if (_pair is not null)
            await _pair.DisposeAsync();
        _hub.Dispose();
    }

    [Fact]
    public async Task Streams_wait_until_the_hub_knows_the_edge_and_not_too_many()
    {
        const int Most = QuicStreamTable.MostUnderWay;
        var context = QuicPairFactory.MakeContext();
        using var hub = new TestHub { Context = context };
        var accepted = new TaskCompletionSource<ITunnel>();
        await using var listener = QuicPairFactory.Listen(
            context, connection => _ = QuicPairFactory.AcceptAsync(connection, context, hub, accepted));
        var result = await new QuicTunnelDialer(context).DialAsync(
            QuicPairFactory.Request(listener.LocalEndPoint, _edge), CancellationToken.None);
        await using var pair = new TunnelPair(await accepted.Task, result.Tunnel!, context, context);
        pair.Edge.Start();

        // The hub has not heard HELLO: the control stream is the only one that it allows.
        for (var i = 0; i < Most; i++)
            Assert.NotNull(pair.Edge.OpenStream(Opening, new FakeEndpoint(), null));
        Assert.Null(pair.Edge.OpenStream(Opening, new FakeEndpoint(), null));
        Assert.False(pair.Edge.HasRoom);
        Assert.Equal(0, pair.Hub.ActiveStreams);

        // Other streams may wait, and are told when there is room.
        var room = pair.Edge.WaitForRoomAsync();
        Assert.False(room.IsCompleted);
        pair.Hub.Start();
        await room.WaitAsync(SocketHelpers.Hang);
        Assert.True(pair.Edge.HasRoom);
        while (hub.Streams.Count < Most)
            await hub.AcceptAsync();

        Assert.Equal(Enumerable.Range(1, Most).Select(static id => (uint)id), hub.Streams.Select(static stream => stream.Id));
        Assert.NotNull(pair.Edge.OpenStream(Opening, new FakeEndpoint(), null));
    }

    [Fact]
    public async Task Streams_that_come_and_go_as_fast_as_they_can_are_few_at_once_and_those_that_stay_do_not_count()
    {
        // More streams stay open than may be opening at once.
        for (var i = 0; i < 2 * QuicStreamTable.MostUnderWay; i++)
            await OpenWaitingAsync();

        var most = 0;
        for (var i = 0; i < 8 * QuicStreamTable.MostUnderWay; i++)
        {
            (await OpenWaitingAsync()).Reset(ResetReason.ResetByPeer);
            most = Math.Max(most, EdgeTunnel.Streams.UnderWay);
        }

        Assert.InRange(most, 1, QuicStreamTable.MostUnderWay);
        await Eventually.IsTrueAsync(() => EdgeTunnel.Streams.UnderWay == 0, "the openings to get through");
        Assert.Equal(2 * QuicStreamTable.MostUnderWay, Pair.Edge.ActiveStreams);
    }

    [Fact]
    public async Task A_flood_of_datagrams_is_bounded_and_counted_and_others_still_go()
    {
        var flooded = new CountingSink();
        var flood = Pair.Edge.OpenSession(Opening, flooded)!;
        var payload = new byte[1000];
        var refused = 0;
        for (var i = 0; i < 1_000_000 && refused < 100; i++)
        {
            if (!flood.Send(payload))
                refused++;
        }

        Assert.Equal(100, refused);
        Assert.Equal(refused, EdgeTunnel.Traffic.Drops[DatagramDrop.QueueFull]);
        Assert.Equal(refused, Pair.Edge.Counters.DatagramsDropped);

        var sink = new CountingSink();
        var other = Pair.Edge.OpenSession(Opening, sink)!;
        Assert.True(other.Send("hello"u8));
        await sink.First.Task.WaitAsync(SocketHelpers.Hang);
    }

    [Fact]
    public async Task Large_payloads_go_as_streams_and_small_ones_as_datagrams()
    {
        var sink = new CountingSink();
        var session = Pair.Edge.OpenSession(Opening, sink)!;
        Assert.True(session.Send(new byte[100]));
        await sink.First.Task.WaitAsync(SocketHelpers.Hang);
        Assert.InRange(EdgeTunnel.Connection.MaxDatagram, 1_000, 1_500);
        Assert.Equal(0, EdgeTunnel.Sessions.Oversize.Sent);

        Assert.True(session.Send(new byte[9_000]));
        await sink.UntilAsync(2);

        Assert.Equal(1, EdgeTunnel.Sessions.Oversize.Sent);
        Assert.Equal(1, HubTunnel.Sessions.Oversize.Sent);
    }

    [Fact]
    public async Task The_hub_closes_a_session_that_it_does_not_know()
    {
        var sink = new CountingSink();
        var session = Pair.Edge.OpenSession(Opening, sink)!;
        session.Send("x"u8);
        await sink.First.Task.WaitAsync(SocketHelpers.Hang);

        // The hub forgets the connection without a word.
        HubTunnel.Sessions.OnPeerClosed(session.Id);
        session.Send("y"u8);

        await sink.Closed.Task.WaitAsync(SocketHelpers.Hang);
        Assert.False(session.IsOpen);
        Assert.Equal(1, HubTunnel.Traffic.Drops[DatagramDrop.UnknownSession]);
    }

    [Fact]
    public void Datagrams_that_come_behind_the_end_of_the_tunnel_take_no_memory()
    {
        var early = new byte[1_000];
        early[0] = 1;
        HubTunnel.Sessions.OnDatagram(early);
        Assert.NotEqual(0, Pair.HubContext.Flow.Datagrams.Used);

        // The worker of msquic may deliver more before it has handled the shutdown.
        HubTunnel.Sessions.LoseAll(mayGoOn: false);
        for (byte i = 1; i <= 100; i++)
        {
            early[0] = i;
            HubTunnel.Sessions.OnDatagram(early);
        }

        Assert.Equal((0, 0), (Pair.HubContext.Flow.Datagrams.Used, Pair.HubContext.Flow.Budget.Used));
        Assert.Equal(100, HubTunnel.Traffic.Drops[DatagramDrop.Lost]);
    }

    [Fact]
    public async Task What_waits_when_the_peer_resets_is_delivered_and_given_back_to_the_budget()
    {
        var context = QuicPairFactory.MakeContext();
        var endpoint = new FakeEndpoint { DirectWrite = 0, Gate = new TaskCompletionSource<bool>() };
        var note = new EndNote();
        var hub = new ScriptedHubHandler
        {
            OnStream = stream =>
            {
                stream.Observer = note;
                stream.Attach(endpoint);
            },
        };
        var accepted = new TaskCompletionSource<ITunnel>();
        await using var listener = QuicPairFactory.Listen(
            context, connection => _ = QuicPairFactory.AcceptAsync(connection, context, hub, accepted));
        var result = await new QuicTunnelDialer(context).DialAsync(
            QuicPairFactory.Request(listener.LocalEndPoint, _edge), CancellationToken.None);
        await using var pair = new TunnelPair(await accepted.Task, result.Tunnel!, context, QuicPairFactory.MakeContext());
        pair.Hub.Start();
        pair.Edge.Start();
        var (client, _) = await TestEdge.ConnectAsync(pair);
        var data = RandomNumberGenerator.GetBytes(30_000);
        await client.SendAllAsync(data);
        await Eventually.IsTrueAsync(() => context.Flow.Budget.Used > 0, "bytes to wait");

        client.Abort();
        Assert.Equal(new StreamEnd(StreamEndSide.Remote, ResetReason.ResetByPeer), await note.End.Task.WaitAsync(SocketHelpers.Hang));
        Assert.False(endpoint.Ended.Task.IsCompleted);
        endpoint.Gate.SetResult(true);

        Assert.False(await endpoint.Ended.Task.WaitAsync(SocketHelpers.Hang));
        Assert.Equal(data[..endpoint.Received.Length], endpoint.Received);
        await Eventually.IsTrueAsync(() => context.Flow.Budget.Used == 0, "the memory to come back");
    }

    [Fact]
    public async Task A_hundred_stalled_readers_do_not_stall_another()
    {
        for (var i = 0; i < 100; i++)
        {
            var (_, stalled) = await OpenAsync();
            stalled.Fill(TimeSpan.FromMilliseconds(1));
        }

        var (client, upstream) = await OpenAsync();
        var sending = upstream.SendAndFinishAsync(new byte[20 << 20]);

        Assert.Equal(20 << 20, (await client.ReadToEndAsync()).Length);
        await sending;
    }

    [Theory]
    [InlineData(new byte[] { 0x02, 0, 0, 0, 1, 0 })] // DATA has no place here.
    [InlineData(new byte[] { 0x06, 0, 0, 0, 2, 0x7B, 0x7D })] // CONFIG is the hub's to send.
    [InlineData(new byte[] { 0x21, 0xFF, 0xFF, 0xFF, 0xFF })] // This is longer than any REPORT.
    [InlineData(new byte[] { 0x0B, 0, 0, 0, 3, 0, 0, 1 })] // There is not even a session id.
    [InlineData(new byte[] { 0x0B, 0, 0, 0, 5, 0, 0, 0, 1, 0 })] // There is no PROXY header.
    [InlineData(new byte[] { 0x20, 0, 0, 0, 2, 0x7B, 0x7D })] // This is a second HELLO.
    [InlineData(new byte[] { 0x1F, 0, 0, 0, 0 })] // It is unknown, and not to be skipped.
    public async Task A_frame_that_breaks_the_protocol_ends_the_tunnel(byte[] frame)
    {
        await _hub.Hello.Task.WaitAsync(SocketHelpers.Hang);

        EdgeTunnel.Connection.Control.Send(frame);

        Assert.Equal(TunnelEndKind.ProtocolError, (await Pair.Hub.Completion.WaitAsync(SocketHelpers.Hang)).Kind);
        Assert.Equal(TunnelEndKind.PeerClosed, (await Pair.Edge.Completion.WaitAsync(SocketHelpers.Hang)).Kind);
    }

    [Fact]
    public async Task A_frame_of_a_type_that_is_not_known_yet_is_skipped()
    {
        EdgeTunnel.Connection.Control.Send([0x7F, 0, 0, 0, 3, 1, 2, 3]);

        Assert.True(await Pair.Hub.ProbeAsync(SocketHelpers.Hang, CancellationToken.None));
    }

    [Fact]
    public async Task Lines_that_are_none_cost_only_their_stream()
    {
        await _hub.Hello.Task.WaitAsync(SocketHelpers.Hang);
        var ended = new TaskCompletionSource<ulong>();
        RawStream.Send(EdgeTunnel, "GET / HTTP/1.1\r\nHost: hub\r\n\r\n"u8, ended);

        Assert.Equal((ulong)ResetReason.Protocol, await ended.Task.WaitAsync(SocketHelpers.Hang));

        await OpenAsync();
        Assert.Single(_hub.Opened);
    }

    private static StreamOpening Opening => new(new IPEndPoint(IPAddress.Loopback, 1000), new IPEndPoint(IPAddress.Loopback, 53), 53);

    private async Task<ITunnelStream> OpenWaitingAsync()
    {
        while (true)
        {
            if (Pair.Edge.OpenStream(Opening, new FakeEndpoint(), null) is { } stream)
                return stream;
            await Pair.Edge.WaitForRoomAsync().WaitAsync(SocketHelpers.Hang);
        }
    }

    private async Task<(Socket Client, Socket Upstream)> OpenAsync()
    {
        var (client, _) = await TestEdge.ConnectAsync(Pair);
        return (client, await _hub.AcceptAsync());
    }

    private sealed class CountingSink : IDatagramSink
    {
        private readonly SemaphoreSlim _received = new(0);

        public TaskCompletionSource First { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Closed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnDatagram(ReadOnlySpan<byte> payload)
        {
            First.TrySetResult();
            _received.Release();
        }

        public void OnSessionClosed() => Closed.TrySetResult();

        public async Task UntilAsync(int count)
        {
            for (var i = 0; i < count; i++)
                Assert.True(await _received.WaitAsync(SocketHelpers.Hang));
        }
    }

    /// <summary>A stream that says what the test wants.</summary>
    private sealed class RawStream(TaskCompletionSource<ulong> ended) : IStreamEvents
    {
        private StreamHandle? _handle;

        public static unsafe void Send(QuicTunnel tunnel, ReadOnlySpan<byte> data, TaskCompletionSource<ulong> ended)
        {
            var result = new RawStream(ended);
            result._handle = StreamHandle.Open(tunnel.Connection.Library, tunnel.Connection.Handle, result, unidirectional: false)!;
            var block = NativeBlock.Allocate(data.Length);
            data.CopyTo(block->Room);
            block->Buffer.Length = (uint)data.Length;
            result._handle.Start();
            result._handle.Send(&block->Buffer, (nint)block);
        }

        public unsafe int OnStreamEvent(ref StreamEvent e)
        {
            if (e.Type == StreamEvent.SendComplete)
                NativeBlock.Free((NativeBlock*)e.SendContext);
            if (e.Type is StreamEvent.PeerSendAborted or StreamEvent.PeerReceiveAborted)
            {
                ended.TrySetResult(e.ErrorCode);
                _handle!.Abort(0);
            }

            if (e.Type == StreamEvent.ShutdownComplete)
                _handle!.Dispose();
            return QuicStatus.Success;
        }

        public void OnDefect(Exception exception) => ended.TrySetException(exception);
    }
}
