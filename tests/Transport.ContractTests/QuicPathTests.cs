using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Quic.Connections;
using Tunnel.Shared.Transport.Quic.Sessions;
using Tunnel.TestUtilities.Processes;
using Tunnel.TestUtilities.Wire;

namespace Tunnel.Transport.ContractTests;

/// <summary>A client of QUIC whose address changes, as the hub sees it.</summary>
[Collection(nameof(TunnelStress))]
public sealed class QuicPathTests
{
    private static readonly StreamOpening Opening =
        new(new IPEndPoint(IPAddress.Parse("203.0.113.7"), 40_000), new IPEndPoint(IPAddress.Loopback, 443), 443);

    private const int LargeDatagram = 1_400;

    private readonly TestEdge _edge = new();

    [Fact]
    public async Task The_connection_survives_a_new_address_of_the_client()
    {
        using var hub = new TestHub();
        await using var path = await NatPath.CreateAsync(hub, _edge);
        var (client, _) = await TestEdge.ConnectAsync(path.Pair);
        var upstream = await hub.AcceptAsync();
        Assert.Equal(path.Nat.Outside, path.Pair.Hub.RemoteEndPoint);

        path.Nat.Rebind();
        var data = RandomNumberGenerator.GetBytes(1 << 20);
        var sending = client.SendAndFinishAsync(data);

        Assert.Equal(data, await upstream.ReadToEndAsync());
        await sending;
        Assert.Equal(path.Nat.Outside, path.Pair.Hub.RemoteEndPoint);
        Assert.False(path.Pair.Edge.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_new_address_while_large_datagrams_wait_leaves_no_tunnel_that_sends_nothing_more()
    {
        using var hub = new TestHub();
        await using var path = await NatPath.CreateAsync(hub, _edge);
        var pair = path.Pair;
        using var over = new CancellationTokenSource();
        var (client, _) = await TestEdge.ConnectAsync(pair);
        var upstream = await hub.AcceptAsync();
        var session = pair.Edge.OpenSession(Opening, new Nowhere())!;
        await UntilLargePacketsPassAsync((QuicTunnel)pair.Hub);

        // A download fills the path, so that datagrams wait.
        var bulk = Task.WhenAll(DownloadAsync(upstream, client, over.Token), Task.Run(() => Flood(session, over.Token)));
        for (var round = 1; round <= 5 && !pair.Edge.Completion.IsCompleted; round++)
        {
            path.Nat.Rebind();
            pair.Hub.SendConfig(new TunnelConfig());
            var config = _edge.Configs.Reader.ReadAsync().AsTask();
            await Task.WhenAny(config, pair.Edge.Completion).WaitAsync(SocketHelpers.Hang);
        }

        await over.CancelAsync();
        Assert.Equal(0, _edge.Doubts);
        if (pair.Edge.Completion.IsCompleted)
            Assert.Equal(TunnelEndKind.ConnectionLost, (await pair.Edge.Completion).Kind);
        await bulk;
    }

    [Fact]
    public async Task A_new_address_whose_validation_is_lost_leaves_no_tunnel_that_crawls()
    {
        using var hub = new TestHub();
        await using var path = await NatPath.CreateAsync(hub, _edge);
        var pair = path.Pair;
        var tunnel = (QuicTunnel)pair.Hub;
        using var over = new CancellationTokenSource();
        var (client, _) = await TestEdge.ConnectAsync(pair);
        var upstream = await hub.AcceptAsync();
        await UntilLargePacketsPassAsync(tunnel);
        var bulk = DownloadAsync(upstream, client, over.Token);

        // The hub asks the new address whether it is there, and the answer is lost.
        path.Nat.Passing = 1;
        path.Nat.Rebind();
        await Eventually.IsTrueAsync(() => path.Nat.Swallowed > 2, "the answer to be lost");
        path.Nat.Passing = null;

        await Eventually.IsTrueAsync(
            () =>
            {
                tunnel.Connection.NoteStatistics();
                return pair.Edge.Completion.IsCompleted || tunnel.Connection.PathMtu > DatagramLimit.SmallestPacket;
            },
            "another tunnel to be needed, or the path to carry larger packets");
        await over.CancelAsync();
        await bulk;
    }

    // Packets of the largest size pass only once the path was measured, soon after the start.
    private static async Task UntilLargePacketsPassAsync(QuicTunnel tunnel) =>
        await Eventually.IsTrueAsync(() => tunnel.Connection.MaxDatagram > LargeDatagram + QuicSessions.IdSize, "large packets to pass");

    private static async Task DownloadAsync(Socket upstream, Socket client, CancellationToken cancellationToken)
    {
        var chunk = new byte[256 << 10];
        var rest = new byte[256 << 10];
        var reading = RepeatAsync(() => client.ReceiveAsync(rest, SocketFlags.None, cancellationToken), cancellationToken);
        await RepeatAsync(() => upstream.SendAsync(chunk, SocketFlags.None, cancellationToken), cancellationToken);
        await reading;
    }

    private static async Task RepeatAsync(Func<ValueTask<int>> act, CancellationToken cancellationToken)
    {
        try
        {
            while (await act() > 0)
                cancellationToken.ThrowIfCancellationRequested();
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
        }
    }

    // Each is answered with itself.
    private static void Flood(ITunnelSession session, CancellationToken cancellationToken)
    {
        var payload = new byte[LargeDatagram];
        while (!cancellationToken.IsCancellationRequested)
        {
            if (!session.Send(payload))
                Thread.Yield();
        }
    }

    private sealed class Nowhere : IDatagramSink
    {
        public void OnDatagram(ReadOnlySpan<byte> payload)
        {
        }

        public void OnSessionClosed()
        {
        }
    }

    /// <summary>A tunnel behind a NAT whose addresses change when the test wants.</summary>
    private sealed record NatPath(UdpRelay Nat, TunnelPair Pair, IAsyncDisposable Listener) : IAsyncDisposable
    {
        public static async Task<NatPath> CreateAsync(TestHub hub, TestEdge edge)
        {
            QuicPairFactory.Require();
            var context = QuicPairFactory.MakeContext();
            hub.Context = context;
            var accepted = new TaskCompletionSource<ITunnel>(TaskCreationOptions.RunContinuationsAsynchronously);
            var listener = QuicPairFactory.Listen(
                context, connection => _ = QuicPairFactory.AcceptAsync(connection, context, hub, accepted));
            var nat = new UdpRelay(listener.LocalEndPoint);
            var result = await new QuicTunnelDialer(context).DialAsync(QuicPairFactory.Request(nat.EndPoint, edge), CancellationToken.None);
            Assert.Null(result.Failure);
            var pair = new TunnelPair(await accepted.Task.WaitAsync(SocketHelpers.Hang), result.Tunnel!, context, context);
            pair.Hub.Start();
            pair.Edge.Start();
            return new NatPath(nat, pair, listener);
        }

        public async ValueTask DisposeAsync()
        {
            await Pair.DisposeAsync();
            Nat.Dispose();
            await Listener.DisposeAsync();
        }
    }
}
