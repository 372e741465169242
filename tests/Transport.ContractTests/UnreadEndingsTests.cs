using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Mux;
using Tunnel.Shared.Transport.Mux.Streams;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Quic.Sessions;
using Tunnel.TestUtilities;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>
/// Peers that open and open, or have others open, and read nothing of what they are owed for it (<see cref="UnsentEndings"/>).
/// </summary>
public sealed class UnreadEndingsTests
{
    // This many do not fit into the kernel's buffers on the way.
    private const int Openings = 150_000;

    private static readonly StreamOpening Opening = new(
        new IPEndPoint(IPAddress.Parse("203.0.113.9"), 50_000), new IPEndPoint(IPAddress.Parse("198.51.100.1"), 443), 443);

    [Theory]
    [InlineData(FrameType.Open, true)]
    [InlineData(FrameType.UdpOpen, true)]
    [InlineData(FrameType.Open, false)]
    public async Task A_hub_reads_no_further_and_then_ends_the_tunnel(FrameType type, bool extended)
    {
        var time = new ManualTimeProvider();
        var context = new TransportContext(new FlowControlOptions(), time, NullLoggerFactory.Instance);
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(
            context, new ScriptedHubHandler { OnStream = static stream => stream.Reset(ResetReason.Policy) });
        if (extended)
            await edge.SendAsync(ScriptedPeer.Frame(0, FrameType.Hello, ScriptedPeer.Hello));
        var flood = FloodAsync(edge, type);

        var most = 0;
        var end = await UntilEndedAsync(hub, time, () => most = Math.Max(most, ((MuxTunnel)hub).Core.Endings.Count));

        Assert.Equal(TunnelEndKind.ProtocolError, end.Kind);
        Assert.Contains("does not read", end.Detail, StringComparison.Ordinal);
        Assert.Equal(UnsentEndings.HubLimit, most);
        await edge.DisposeAsync();
        await flood;
    }

    [Fact]
    public async Task A_base_peer_that_reads_but_never_closes_what_was_refused_is_not_remembered_without_end()
    {
        const int Refused = 3 * MuxStreams.MaxAborted;
        var context = new TransportContext(new FlowControlOptions(), new ManualTimeProvider(), NullLoggerFactory.Instance);
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(
            context, new ScriptedHubHandler { OnStream = static stream => stream.Reset(ResetReason.Policy) });
        for (uint id = 1; id <= Refused; id++)
            await edge.SendAsync(ScriptedPeer.Frame(id, FrameType.Open, ScriptedPeer.OpenLine));
        await edge.ReadUntilAsync(Refused, FrameType.CloseBack);

        Assert.Equal(MuxStreams.MaxAborted, ((MuxTunnel)hub).Endpoint.Streams.All.Count);

        // Frames that come late for a forgotten stream are no violation.
        await edge.SendAsync(
            ScriptedPeer.Frame(1, FrameType.Data, new byte[10]), ScriptedPeer.Frame(Refused + 1, FrameType.Open, ScriptedPeer.OpenLine));
        await edge.ReadUntilAsync(Refused + 1, FrameType.CloseBack);
        await edge.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_edge_opens_nothing_more_and_then_ends_the_tunnel(bool sessions)
    {
        var time = new ManualTimeProvider();
        var context = new TransportContext(new FlowControlOptions(), time, NullLoggerFactory.Instance);
        var (edge, hub) = await ScriptedPeer.AcceptEdgeAsync(context, new TestEdge(), extended: true);

        // Clients connect and leave again.
        var refused = 0;
        for (var i = 0; i < Openings && refused < 100; i++)
        {
            if (!ComeAndGo(edge, sessions))
                refused++;
        }

        Assert.Equal(100, refused);

        // The kernel may have taken some more meanwhile: others come then.
        var end = await UntilEndedAsync(edge, time, () => FillAgain(edge, sessions));

        Assert.Equal(TunnelEndKind.ProtocolError, end.Kind);
        Assert.Contains("does not read", end.Detail, StringComparison.Ordinal);
        await hub.DisposeAsync();
    }

    [Fact]
    public async Task A_hub_holds_back_an_edge_that_opens_sessions_over_QUIC_and_then_ends_the_tunnel()
    {
        QuicPairFactory.Require();
        var time = new ManualTimeProvider();
        var context = new TransportContext(new FlowControlOptions(), time, NullLoggerFactory.Instance);
        using var owner = new TestHub { Context = context, Refuse = ResetReason.Policy };
        var accepted = new TaskCompletionSource<ITunnel>();
        await using var listener = QuicPairFactory.Listen(
            context, connection => _ = QuicPairFactory.AcceptAsync(connection, context, owner, accepted));
        var dialed = await new QuicTunnelDialer(QuicPairFactory.MakeContext()).DialAsync(
            QuicPairFactory.Request(listener.LocalEndPoint, new TestEdge()), CancellationToken.None);
        var hub = (QuicTunnel)await accepted.Task.WaitAsync(SocketHelpers.Hang);
        hub.Start();

        // The end is never started: it reads nothing of the control stream.
        var edge = (QuicTunnel)dialed.Tunnel!;
        edge.Control.Send(FrameType.Hello, ScriptedPeer.Hello);
        var flood = Task.Run(() => FloodAsync(edge));

        var end = await UntilEndedAsync(hub, time);

        Assert.Equal(TunnelEndKind.ProtocolError, end.Kind);
        Assert.Contains("does not read", end.Detail, StringComparison.Ordinal);
        await edge.DisposeAsync();
        await flood;
    }

    private static async Task<TunnelEnd> UntilEndedAsync(ITunnel tunnel, ManualTimeProvider time, Action? look = null)
    {
        for (var i = 0; i < 600 && !tunnel.Completion.IsCompleted; i++)
        {
            look?.Invoke();
            await Task.WhenAny(tunnel.Completion, Task.Delay(50));
            time.Advance(TimeSpan.FromSeconds(1));
        }

        return await tunnel.Completion.WaitAsync(SocketHelpers.Hang);
    }

    private static void FillAgain(ITunnel edge, bool sessions)
    {
        for (var i = 0; i < Openings && ComeAndGo(edge, sessions); i++)
        {
        }
    }

    private static bool ComeAndGo(ITunnel edge, bool sessions)
    {
        if (sessions)
        {
            var session = edge.OpenSession(Opening, new NullSink());
            session?.Close();
            return session is not null;
        }

        var stream = edge.OpenStream(Opening, new FakeEndpoint(), null);
        stream?.Reset(ResetReason.ResetByPeer);
        return stream is not null;
    }

    private static async Task FloodAsync(ScriptedPeer edge, FrameType type)
    {
        var header = new byte[64];
        var payload = type == FrameType.Open
            ? ScriptedPeer.OpenLine
            : header[..UdpOpenPayload.Write(header, Opening.Source, Opening.Destination, 443)];
        try
        {
            for (uint id = 1; id <= Openings; id += 100)
                await edge.SendAsync([.. Enumerable.Range((int)id, 100).Select(each => ScriptedPeer.Frame((uint)each, type, payload))]);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or TimeoutException)
        {
            // The hub has ended the connection.
        }
    }

    private static async Task FloodAsync(QuicTunnel edge)
    {
        var payload = new byte[QuicSessions.IdSize + 64];
        var length = QuicSessions.IdSize
            + UdpOpenPayload.Write(payload.AsSpan(QuicSessions.IdSize), Opening.Source, Opening.Destination, 443);
        for (uint id = 1; id <= Openings && !edge.IsDead; id++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(payload, id);
            while (!edge.Control.Send(FrameType.UdpOpen, payload.AsSpan(0, length)) && !edge.IsDead)
                await Task.Delay(1);
        }
    }
}
