using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Tunnels over QUIC work across bad networks.</summary>
[Collection(HeavyTests.Name)]
public sealed class QuicNetworkTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // A loaded machine takes its time to notice.
    private static readonly TimeSpan UntilMoved = TimeSpan.FromSeconds(150);

    [Fact]
    public async Task A_stalled_stream_does_not_stall_the_others_on_a_long_and_lossy_path()
    {
        await using var tunnel = await StartAsync("quic", "--delay", "25ms", "--loss", "1%", "--rate", "100mbit");
        using var upstream = tunnel.Listen(tunnel.Tcp[0]);
        using var other = tunnel.Listen(tunnel.Tcp[1]);
        using var stalled = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        using var busy = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        using var quick = await tunnel.OpenAsync(other, tunnel.Tcp[1]);

        // The first stream is read by nobody, until it holds all that it may.
        await stalled.Client.FillAsync(64 << 20, TimeSpan.FromSeconds(2));
        // The second one is never idle, and its losses hold back its own bytes only.
        var sent = new byte[2 << 20];
        Random.Shared.NextBytes(sent);
        var upload = busy.Client.SendAllAsync(sent);
        var received = busy.Server.ReceiveExactlyAsync(sent.Length);
        for (var i = 0; i < 20; i++)
            await quick.AssertEchoAsync();
        await upload.WaitAsync(Limit);
        Assert.Equal(sent, await received);

        var lost = await tunnel.Link.CountersAsync(tunnel.Link.Near);
        Assert.True(lost["lost"] > 0, "The path was not lossy.");
        Assert.Equal("quic", (await tunnel.EdgeStatusAsync()).GetProperty("transport").GetString());
    }

    [Fact]
    public async Task Downloads_that_begin_together_share_the_path()
    {
        await using var tunnel = await StartAsync("quic", "--delay", "25ms", "--rate", "4mbit");
        using var upstream = tunnel.Listen(tunnel.Tcp[0]);
        using var first = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        using var second = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);

        var sending = Task.WhenAll(first.Server.SendAllAsync(new byte[1 << 20]), second.Server.SendAllAsync(new byte[1 << 20]));
        var received = new long[2];
        var receiving = new[] { ReceiveAsync(first.Client, 0), ReceiveAsync(second.Client, 1) };
        await (await Task.WhenAny(receiving)).WaitAsync(Limit);
        var slower = received.Min();
        Assert.True(slower > 512 << 10, $"When one had its MiB, the other had {slower:N0} bytes.");
        await sending.WaitAsync(Limit);
        await Task.WhenAll(receiving).WaitAsync(Limit);

        async Task ReceiveAsync(Socket client, int index)
        {
            var buffer = new byte[64 << 10];
            while (received[index] < 1 << 20)
                received[index] += await client.ReceiveAsync(buffer);
        }
    }

    [Fact]
    public async Task Where_udp_is_silent_the_edge_comes_over_tls_and_says_why()
    {
        await using var tunnel = await StartAsync("quicWithFallback", link => link.SetAsync("udp off"));
        var status = await tunnel.EdgeStatusAsync();
        Assert.Equal("tcpTls", status.GetProperty("transport").GetString());
        Assert.Equal("quicWithFallback", status.GetProperty("transportMode").GetString());
        Assert.Equal("quicTimedOut", status.GetProperty("transportReason").GetString());
        using var upstream = tunnel.Listen(tunnel.Tcp[0]);
        using var pair = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        await pair.AssertEchoAsync();
    }

    [Fact]
    public async Task When_udp_is_blocked_midway_the_tunnel_moves_to_tls_with_all_that_is_open()
    {
        await using var tunnel = await StartAsync("quicWithFallback", "--rate", "50mbit");
        using var upstream = tunnel.Listen(tunnel.Tcp[0]);
        using var idle = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        await idle.AssertEchoAsync();
        using var udpUpstream = tunnel.ListenUdp(tunnel.Udp[0]);
        using var udpClient = tunnel.Link.Near.CreateSocket(SocketType.Dgram);
        await udpClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, tunnel.Udp[0]));
        var seenBefore = await SendUntilSeenAsync(udpClient, udpUpstream);
        using var busy = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        var down = RandomNumberGenerator.GetBytes(32 << 20);
        var sending = SendToEndAsync(busy.Server, down);
        var received = new MemoryStream();
        var receiving = busy.Client.DrainAsync(data => received.Write(data.Span), UntilMoved);
        await Eventually.IsTrueAsync(() => Task.FromResult(received.Length > 1 << 20), "the first bytes");
        Assert.Equal("preferred", (await tunnel.EdgeStatusAsync()).GetProperty("transportReason").GetString());

        await tunnel.Link.SetAsync("udp off");

        // The edge takes it for the tunnel that has fallen silent.
        var opening = tunnel.OpenAsync(upstream, tunnel.Tcp[0]);

        // A connection ends after a silence of 45 s, and a try over QUIC takes at most 5 s.
        await tunnel.Edge.WaitForTransportAsync("tcpTls", UntilMoved);

        using var early = await opening;
        await early.AssertEchoAsync();
        using var next = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        await next.AssertEchoAsync();
        await idle.AssertEchoAsync();
        Assert.Equal(((long)down.Length, StreamEnd.Finished), await receiving);
        Assert.Equal(down, received.ToArray());
        await sending;
        Assert.Equal(seenBefore, await SendUntilSeenAsync(udpClient, udpUpstream));
        Assert.Equal("quicTimedOut", (await tunnel.EdgeStatusAsync()).GetProperty("transportReason").GetString());
    }

    [Fact]
    public async Task When_tcp_is_blocked_a_tunnel_that_had_fallen_back_to_tls_moves_to_quic_with_all_that_is_open()
    {
        await using var tunnel = await StartAsync("quicWithFallback", link => link.SetAsync("udp off"), "--rate", "50mbit");
        using var upstream = tunnel.Listen(tunnel.Tcp[0]);
        using var idle = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        await idle.AssertEchoAsync();
        using var udpUpstream = tunnel.ListenUdp(tunnel.Udp[0]);
        using var udpClient = tunnel.Link.Near.CreateSocket(SocketType.Dgram);
        await udpClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, tunnel.Udp[0]));
        var seenBefore = await SendUntilSeenAsync(udpClient, udpUpstream);
        using var busy = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        var (down, up) = (RandomNumberGenerator.GetBytes(32 << 20), RandomNumberGenerator.GetBytes(32 << 20));
        var sending = Task.WhenAll(SendToEndAsync(busy.Server, down), SendToEndAsync(busy.Client, up));
        var (received, uploaded) = (new MemoryStream(), new MemoryStream());
        var receiving = busy.Client.DrainAsync(data => received.Write(data.Span), UntilMoved);
        var uploading = busy.Server.DrainAsync(data => uploaded.Write(data.Span), UntilMoved);
        await Eventually.IsTrueAsync(
            () => Task.FromResult(received.Length > 1 << 20 && uploaded.Length > 1 << 20), "the first bytes", UntilMoved);
        Assert.Equal("tcpTls", (await tunnel.EdgeStatusAsync()).GetProperty("transport").GetString());

        await tunnel.Link.SetAsync("udp on");
        await tunnel.Link.SetAsync("tcp off");
        await tunnel.Edge.WaitForTransportAsync("quic", UntilMoved);

        using var next = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        await next.AssertEchoAsync();
        await idle.AssertEchoAsync();
        Assert.Equal(((long)down.Length, StreamEnd.Finished), await receiving);
        Assert.Equal(((long)up.Length, StreamEnd.Finished), await uploading);
        Assert.Equal(down, received.ToArray());
        Assert.Equal(up, uploaded.ToArray());
        await sending;
        Assert.Equal(seenBefore, await SendUntilSeenAsync(udpClient, udpUpstream));
        Assert.Equal("preferred", (await tunnel.EdgeStatusAsync()).GetProperty("transportReason").GetString());
    }

    [Fact]
    public async Task When_udp_gets_through_again_and_an_address_changes_all_that_is_open_moves_to_quic_at_once()
    {
        await using var tunnel = await StartAsync("quicWithFallback", link => link.SetAsync("udp off"), "--rate", "20mbit");
        using var upstream = tunnel.Listen(tunnel.Tcp[0]);
        using var idle = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        await idle.AssertEchoAsync();
        using var udpUpstream = tunnel.ListenUdp(tunnel.Udp[0]);
        using var udpClient = tunnel.Link.Near.CreateSocket(SocketType.Dgram);
        await udpClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, tunnel.Udp[0]));
        var seenBefore = await SendUntilSeenAsync(udpClient, udpUpstream);
        using var busy = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        var (down, up) = (RandomNumberGenerator.GetBytes(32 << 20), RandomNumberGenerator.GetBytes(32 << 20));
        var sending = Task.WhenAll(SendToEndAsync(busy.Server, down), SendToEndAsync(busy.Client, up));
        var (received, uploaded) = (new MemoryStream(), new MemoryStream());
        var receiving = busy.Client.DrainAsync(data => received.Write(data.Span), UntilMoved);
        var uploading = busy.Server.DrainAsync(data => uploaded.Write(data.Span), UntilMoved);
        await Eventually.IsTrueAsync(
            () => Task.FromResult(received.Length > 1 << 20 && uploaded.Length > 1 << 20), "the first bytes", UntilMoved);
        Assert.Equal("quicTimedOut", (await tunnel.EdgeStatusAsync()).GetProperty("transportReason").GetString());

        await tunnel.Link.SetAsync("udp on");
        var added = await ManagedProcess.RunAsync(
            DebianProgram.Ip, ["-n", tunnel.Link.Near.Name, "address", "add", "192.0.2.9/32", "dev", "lo"]);
        Assert.Equal(0, added.ExitCode);
        await tunnel.Edge.WaitForTransportAsync("quic", UntilMoved);
        Assert.True(received.Length < down.Length && uploaded.Length < up.Length, "Both transfers were over before QUIC was there.");

        using var next = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        await next.AssertEchoAsync();
        await idle.AssertEchoAsync();
        Assert.Equal(((long)down.Length, StreamEnd.Finished), await receiving);
        Assert.Equal(((long)up.Length, StreamEnd.Finished), await uploading);
        Assert.Equal(down, received.ToArray());
        Assert.Equal(up, uploaded.ToArray());
        await sending;

        // Its upstream sees the same session, and the tunnel over TLS, which waits for what is open on it, has nothing more.
        Assert.Equal(seenBefore, await SendUntilSeenAsync(udpClient, udpUpstream));
        await tunnel.Edge.Process.WaitForLineAsync("was drained and is closed", UntilMoved);
        Assert.Equal(seenBefore, await SendUntilSeenAsync(udpClient, udpUpstream));
        await idle.AssertEchoAsync();
        Assert.Equal("preferred", (await tunnel.EdgeStatusAsync()).GetProperty("transportReason").GetString());
    }

    [Fact]
    public async Task Sixty_four_transfers_both_ways_lose_nothing_when_udp_is_blocked()
    {
        const int Streams = 64;
        await using var tunnel = await StartAsync("quicWithFallback", "--rate", "400mbit", "--delay", "10ms");
        using var upstream = tunnel.Listen(tunnel.Tcp[0]);
        var pairs = new List<StreamPair>();
        for (var i = 0; i < Streams; i++)
            pairs.Add(await tunnel.OpenAsync(upstream, tunnel.Tcp[0]));
        using var transfers = new Transfers(pairs);

        // By then more is under way than the streams of a process may keep.
        await Eventually.IsTrueAsync(
            async () => (await tunnel.EdgeStatusAsync()).GetProperty("bytesIn").GetInt64() > 128 << 20, "traffic", UntilMoved);
        await tunnel.Link.SetAsync("udp off");
        await tunnel.Edge.WaitForTransportAsync("tcpTls", UntilMoved);
        await transfers.FinishAsync(() => $"{tunnel.Edge.Process.Log}\n{tunnel.Hub.Process.Log}");
        foreach (var pair in pairs)
            pair.Dispose();
    }

    [Fact]
    public async Task A_connection_survives_the_change_of_the_edges_address()
    {
        await using var tunnel = await StartAsync("quic", link => link.SetAsync(link.Near, "nat 10.1.0.77"), "--delay", "5ms");
        using var upstream = tunnel.Listen(tunnel.Tcp[0]);
        using var pair = await tunnel.OpenAsync(upstream, tunnel.Tcp[0]);
        using var dns = tunnel.ListenUdp(tunnel.Udp[0]);
        using var asker = tunnel.Link.Near.CreateSocket(SocketType.Dgram);
        await asker.ConnectAsync(new IPEndPoint(IPAddress.Loopback, tunnel.Udp[0]));
        await pair.AssertEchoAsync();
        await AskAsync(asker, dns);
        var since = (await tunnel.EdgeStatusAsync()).GetProperty("since").GetDateTimeOffset();

        await tunnel.Link.SetAsync(tunnel.Link.Near, "nat 10.1.0.78");

        for (var i = 0; i < 5; i++)
            await pair.AssertEchoAsync();
        await AskAsync(asker, dns);
        await tunnel.Hub.Process.WaitForLineAsync("10.1.0.78", Limit);
        Assert.Equal(since, (await tunnel.EdgeStatusAsync()).GetProperty("since").GetDateTimeOffset());
    }

    // Asks again and again as DNS clients do, since a datagram may be lost.
    private static async Task AskAsync(Socket asker, Socket server)
    {
        var buffer = new byte[100];
        using var end = new CancellationTokenSource(Limit);
        while (true)
        {
            using var round = CancellationTokenSource.CreateLinkedTokenSource(end.Token);
            round.CancelAfter(TimeSpan.FromSeconds(2));
            try
            {
                await asker.SendAsync("question"u8.ToArray(), end.Token);
                var asked = await server.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), round.Token);
                await server.SendToAsync("answer"u8.ToArray(), asked.RemoteEndPoint, end.Token);
                if (await asker.ReceiveAsync(buffer, round.Token) > 0)
                    return;
            }
            catch (OperationCanceledException) when (!end.IsCancellationRequested)
            {
                // The next round may bring it.
            }
        }
    }

    private static Task<WideAreaTunnel> StartAsync(string transport, params string[] link) => StartAsync(transport, null, link);

    private static Task<WideAreaTunnel> StartAsync(string transport, Func<NamespacePair, Task>? prepareAsync, params string[] link)
    {
        QuicRequired.Check();
        return WideAreaTunnel.StartAsync(transport, link, prepareAsync);
    }

    private static async Task SendToEndAsync(Socket socket, byte[] data)
    {
        await socket.SendAllAsync(data);
        socket.Shutdown(SocketShutdown.Send);
    }

    // A datagram that is sent while there is no tunnel is lost.
    private static async Task<EndPoint> SendUntilSeenAsync(Socket client, Socket upstream)
    {
        var seen = upstream.ReceiveFromAsync(new byte[16], new IPEndPoint(IPAddress.Any, 0));
        await Eventually.IsTrueAsync(
            async () =>
            {
                await client.SendAsync("datagram"u8.ToArray());
                return seen.IsCompleted;
            },
            "a datagram at the upstream");
        return (await seen).RemoteEndPoint;
    }
}
