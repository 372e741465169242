using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Tls;
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
        var sending = Task.WhenAll(SendAsync(client, up), SendAsync(upstream, down));
        var heard = ReadAsync(upstream, 1 << 20);
        var before = await ReadAsync(client, 1 << 20);
        var beforeUp = await heard;

        var second = await DialAsync(overQuic);
        await first.Edge.MoveStreamsAsync(second.Edge).WaitAsync(SocketHelpers.Hang);

        var gotUp = upstream.ReadToEndAsync();
        var gotDown = await client.ReadToEndAsync();
        Assert.Equal(down.Length, before.Length + gotDown.Length);
        Assert.Equal(SHA256.HashData(down), SHA256.HashData([.. before, .. gotDown]));
        Assert.Equal(SHA256.HashData(up), SHA256.HashData([.. beforeUp, .. await gotUp]));
        await sending;
        Assert.True(first.Edge.Completion.IsCompleted);
        Assert.Equal(1, (await first.Edge.StreamsMoved.WaitAsync(SocketHelpers.Hang)).Streams);
        var moved = await first.Hub.StreamsMoved.WaitAsync(SocketHelpers.Hang);
        Assert.Equal(1, moved.Streams);
        Assert.InRange(moved.BytesAgain, 0, 8 << 20);
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

        upstream.LingerState = new LingerOption(true, 0);
        upstream.Close();
        var (_, wasReset) = await client.ReadToAnyEndAsync();
        Assert.True(wasReset);
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
        var sending = Task.WhenAll(SendAsync(client, up), SendAsync(upstream, down));
        var heard = ReadAsync(upstream, 1 << 20);
        var before = await ReadAsync(client, 1 << 20);
        var beforeUp = await heard;

        var second = await DialAsync(toQuic);
        var handing = first.Edge.HandOverStreamsAsync(second.Edge);

        var gotUp = upstream.ReadToEndAsync();
        var gotDown = await client.ReadToEndAsync();
        Assert.Equal(SHA256.HashData(down), SHA256.HashData([.. before, .. gotDown]));
        Assert.Equal(SHA256.HashData(up), SHA256.HashData([.. beforeUp, .. await gotUp]));
        await sending;
        await handing.WaitAsync(SocketHelpers.Hang);
        await first.Edge.WaitForStreamsAsync(TestContext.Current.CancellationToken).WaitAsync(SocketHelpers.Hang);
        await first.Edge.DisposeAsync();
        await idle.SendAsync(BitConverter.GetBytes(1));
        await idleUpstream.SendAsync(BitConverter.GetBytes(2));
        Assert.Equal(1, BitConverter.ToInt32(await ReadAsync(idleUpstream, 4)));
        Assert.Equal(2, BitConverter.ToInt32(await ReadAsync(idle, 4)));
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

        await client.SendAsync(BitConverter.GetBytes(1));
        await upstream.SendAsync(BitConverter.GetBytes(2));
        Assert.Equal(1, BitConverter.ToInt32(await ReadAsync(upstream, 4)));
        Assert.Equal(2, BitConverter.ToInt32(await ReadAsync(client, 4)));
    }

    // A stream is opened by its client; where it goes on, it is no other one.
    private static void AssertOpenedOnce(TunnelPair first, TunnelPair second, int streams = 1)
    {
        Assert.Equal((streams, 0), (first.Edge.Counters.StreamsOpened, second.Edge.Counters.StreamsOpened));
        Assert.Equal((streams, 0), (first.Hub.Counters.StreamsOpened, second.Hub.Counters.StreamsOpened));
    }

    private async Task<TunnelPair> DialAsync(bool overQuic)
    {
        var pair = overQuic ? await DialQuicAsync() : await DialTlsAsync();
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

    private async Task<TunnelPair> DialTlsAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var accepting = TlsPairFactory.AcceptAsync(listener, _hubContext, _hub);
        var result = await new TlsTunnelDialer(_edgeContext).DialAsync(
            TlsPairFactory.Request((IPEndPoint)listener.LocalEndPoint!, _edge), CancellationToken.None);
        return new TunnelPair(await accepting, result.Tunnel!, _hubContext, _edgeContext);
    }

    private static async Task SendAsync(Socket socket, byte[] data)
    {
        await socket.SendAllAsync(data);
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
