using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Quic.Connections;
using Tunnel.Shared.Transport.Quic.Native;
using Tunnel.Shared.Transport.Quic.Sessions;
using Tunnel.Shared.Transport.Quic.Streams;

namespace Tunnel.Shared.Transport.Quic;

/// <summary>Makes tunnels out of QUIC connections whose handshake lines are done.</summary>
public static class QuicTransport
{
    /// <summary>
    /// Bytes of credit of the connection. It is so large that stalled streams don't block it; the credit of streams bounds the memory
    /// (protocol.md section 6).
    /// </summary>
    private const uint ConnectionWindow = 256 << 20;

    /// <summary>Bytes of packets that every path of QUIC (RFC 9000, 14: 1,200 bytes of payload) and every path of IPv6 carries.</summary>
    private const int SmallestPath = 1_280;

    private const uint KeepAliveMilliseconds = 15_000;
    private const uint IdleMilliseconds = 45_000;
    private const uint HandshakeMilliseconds = 10_000;

    /// <summary>
    /// Creates the hub's end of a tunnel, not yet started. <paramref name="received"/> holds the bytes that the edge sent after its line.
    /// </summary>
    public static ITunnel CreateHub(
        QuicConnection connection, string edgeId, ReadOnlyMemory<byte> received, TransportContext context, IHubTunnelHandler handler) =>
        new QuicTunnel(connection, edgeId, isEdge: false, context, handler, received);

    /// <summary>Creates the edge's end of a tunnel, not yet started.</summary>
    internal static ITunnel CreateEdge(
        QuicConnection connection, DialRequest request, TunnelConfig config, ReadOnlyMemory<byte> received, TransportContext context)
    {
        var tunnel = new QuicTunnel(connection, request.EdgeId, isEdge: true, context, request.Handler, received, request.Hub);
        tunnel.UseHub(config.Hub, TunnelProtocol.Complete(request.Hello, context, TunnelProtocol.QuicFeaturesOf(context)));
        return tunnel;
    }

    /// <summary>The settings of an edge's connection; the hub opens no bidirectional streams.</summary>
    /// <param name="context">The state that tunnels share.</param>
    /// <param name="maxPacket">The most bytes of a packet in both directions, with its IP header; null: the size that the path is found to
    /// carry.</param>
    internal static NativeSettings EdgeSettings(TransportContext context, int? maxPacket = null)
    {
        var settings = Common(context) with
        {
            // The dialer's deadline comes first; this only removes a forgotten handshake.
            HandshakeIdleTimeoutMs = HandshakeMilliseconds,
            KeepAliveIntervalMs = KeepAliveMilliseconds,
            PeerBidirectionalStreams = 0,
            PeerUnidirectionalStreams = OversizeDatagrams.MaxStreams,
        };
        if (maxPacket is { } limit)
            settings.MaximumMtu = (ushort)Math.Max(limit, SmallestPath);
        return settings;
    }

    /// <summary>The settings of a hub's connection with a stranger: only one stream.</summary>
    internal static NativeSettings StrangerSettings(TransportContext context) => Common(context) with
    {
        HandshakeIdleTimeoutMs = HandshakeMilliseconds,
        PeerBidirectionalStreams = 1,
        PeerUnidirectionalStreams = 0,
    };

    /// <summary>
    /// The settings of a hub's connection once the edge is known. The streams' credit does not grow beyond the window of protocol.md
    /// section 4.
    /// </summary>
    internal static NativeSettings KnownEdgeSettings(TransportContext context) => new()
    {
        PeerBidirectionalStreams = StreamAllowance.First,
        PeerUnidirectionalStreams = OversizeDatagrams.MaxStreams,
        ConnectionWindow = (uint)context.Options.MaxWindow,
    };

    /// <summary>The settings of an edge's connection once it is a tunnel.</summary>
    internal static NativeSettings ConnectedSettings(TransportContext context) =>
        new() { ConnectionWindow = (uint)context.Options.MaxWindow };

    private static NativeSettings Common(TransportContext context) => new()
    {
        Bbr = context.Congestion.IsBbr,
        IdleTimeoutMs = IdleMilliseconds,
        DisconnectTimeoutMs = IdleMilliseconds,
        StreamReceiveWindow = System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(context.Options.InitialWindow, 16 << 10)),
        ConnectionWindow = ConnectionWindow,
        SendBuffering = false,
        Migration = true,
        DatagramReceive = true,
    };
}
