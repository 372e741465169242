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
    /// The cipher suites, best first. AES-128 costs a fifth less than AES-256 for each byte and is as far from being broken; without the
    /// list OpenSSL would choose AES-256.
    /// </summary>
    public static CipherSuitesPolicy CipherSuites { get; } = new(
        [TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256]);

    /// <summary>The hub's end, not yet started. <paramref name="received"/> is what the edge sent after its line.</summary>
    public static ITunnel CreateHub(
        TlsConnection connection, string edgeId, ReadOnlyMemory<byte> received, TransportContext context, IHubTunnelHandler handler)
    {
        var tunnel = new MuxTunnel(connection, edgeId, isEdge: false, context, handler, received);
        return context.Lanes.Max > 1 ? new LanedTunnel(tunnel, context) : tunnel;
    }

    /// <summary>The edge's end, not yet started; with an extended hub its first frame is HELLO.</summary>
    /// <param name="connection">Secured and authenticated.</param>
    /// <param name="request">What the dial was asked for.</param>
    /// <param name="config">The hub's answer.</param>
    /// <param name="received">What came after it.</param>
    /// <param name="context">What tunnels share.</param>
    /// <param name="ids">Where streams get their numbers: those of the tunnel that this is a lane of, or its own.</param>
    internal static MuxTunnel CreateEdge(
        TlsConnection connection, DialRequest request, TunnelConfig config, ReadOnlyMemory<byte> received, TransportContext context,
        StreamIds ids)
    {
        var tunnel = new MuxTunnel(connection, request.EdgeId, isEdge: true, context, request.Handler, received, ids);
        tunnel.UseHub(config.Hub, TunnelProtocol.Complete(request.Hello, context, TunnelProtocol.FeaturesOf(context)));
        return tunnel;
    }
}
