using System.Net.Security;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.Transport.Tls;

/// <summary>Makes tunnels out of TLS connections whose handshake lines are done.</summary>
public static class TlsTunnel
{
    /// <summary>The protocol's name in ALPN.</summary>
    public const string Alpn = "tunnel/1";

    /// <summary>
    /// The cipher suites, best first. AES-128 costs a fifth less than AES-256 for each byte and is as far from being broken; without the list OpenSSL
    /// would choose AES-256.
    /// </summary>
    public static CipherSuitesPolicy CipherSuites { get; } = new(
        [TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256]);

    /// <summary>The extensions that this implementation can use over TLS.</summary>
    public const TunnelFeatures SupportedFeatures = TunnelFeatures.Reset | TunnelFeatures.GoAway | TunnelFeatures.Port;

    /// <summary>What the <c>hub</c> member of a hub's configurations says for a new tunnel; <paramref name="rev"/> is raised with each push.</summary>
    public static HubInfo CreateHubInfo(TransportContext context, string version, string tunnelId, long rev) => new()
    {
        Version = version,
        TunnelId = tunnelId,
        Rev = rev,
        Features = FeatureNames.Format(SupportedFeatures),
        MaxFrame = TunnelTerms.OwnMaxFrame,
        InitialWindow = context.Options.InitialWindow,
    };

    /// <summary>The hub's end, not yet started. <paramref name="received"/> is what the edge sent after its line.</summary>
    public static ITunnel CreateHub(
        TlsConnection connection, string edgeId, ReadOnlyMemory<byte> received, TransportContext context, IHubTunnelHandler handler) =>
        new MuxTunnel(connection, edgeId, isEdge: false, context, handler, received);

    /// <summary>The edge's end, not yet started; with an extended hub its first frame is HELLO.</summary>
    internal static ITunnel CreateEdge(
        TlsConnection connection, DialRequest request, TunnelConfig config, ReadOnlyMemory<byte> received, TransportContext context)
    {
        var tunnel = new MuxTunnel(connection, request.EdgeId, isEdge: true, context, request.Handler, received);
        tunnel.UseHub(config.Hub, request.Hello with
        {
            Features = FeatureNames.Format(SupportedFeatures),
            MaxFrame = TunnelTerms.OwnMaxFrame,
            InitialWindow = context.Options.InitialWindow,
        });
        return tunnel;
    }
}
