using System.Net.Security;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Mux;
using Tunnel.Shared.Transport.Mux.Lanes;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Tls;

/// <summary>Makes tunnels out of TLS connections whose handshake lines are done.</summary>
public static class TlsTunnel
{
    /// <summary>
    /// The cipher suites, best first. AES-128 costs a fifth less than AES-256 for each byte and is just as secure in practice; without the
    /// list OpenSSL would choose AES-256.
    /// </summary>
    public static CipherSuitesPolicy CipherSuites { get; } = new(
        [TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256]);

    /// <summary>
    /// Creates the hub's end of a tunnel, not yet started. <paramref name="received"/> holds the bytes that the edge sent after its line.
    /// </summary>
    public static ITunnel CreateHub(
        TlsConnection connection, string edgeId, ReadOnlyMemory<byte> received, TransportContext context, IHubTunnelHandler handler)
    {
        var tunnel = new MuxTunnel(connection, edgeId, isEdge: false, context, handler, received);
        return context.Lanes.Max > 1 ? new LanedTunnel(tunnel, context) : tunnel;
    }

    /// <summary>Creates the edge's end of a tunnel, not yet started. With an extended hub its first frame is HELLO.</summary>
    /// <param name="connection">The secured and authenticated connection.</param>
    /// <param name="request">The request of the dial.</param>
    /// <param name="config">The hub's answer.</param>
    /// <param name="received">The bytes that came after the answer.</param>
    /// <param name="context">The state that tunnels share.</param>
    /// <param name="ids">The source of stream ids: that of the tunnel of which this is a lane, or its own.</param>
    internal static MuxTunnel CreateEdge(
        TlsConnection connection, DialRequest request, TunnelConfig config, ReadOnlyMemory<byte> received, TransportContext context,
        StreamIds ids)
    {
        var tunnel = new MuxTunnel(connection, request.EdgeId, isEdge: true, context, request.Handler, received, ids, request.Hub);
        tunnel.UseHub(config.Hub, TunnelProtocol.Complete(request.Hello, context, TunnelProtocol.FeaturesOf(context)));
        return tunnel;
    }
}
