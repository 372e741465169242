using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.Transport.Tls;

/// <summary>Makes tunnels out of TLS connections whose handshake lines are done.</summary>
public static class TlsTunnel
{
    /// <summary>The protocol's name in ALPN.</summary>
    public const string Alpn = "tunnel/1";

    /// <summary>The extensions that this implementation can use over TLS.</summary>
    public const TunnelFeatures SupportedFeatures = TunnelFeatures.Reset | TunnelFeatures.GoAway | TunnelFeatures.Port;

    /// <summary>What the <c>hub</c> member of a hub's configurations says for a new tunnel; <paramref name="rev"/> is raised with each push.</summary>
    public static HubInfo CreateHubInfo(TransportContext context, string version, string tunnelId, long rev) => throw new NotImplementedException();

    /// <summary>The hub's end. <paramref name="config"/> is what was answered; <paramref name="received"/> is what the edge sent after its line.</summary>
    public static ITunnel CreateHub(
        TlsConnection connection, string edgeId, TunnelConfig config, ReadOnlyMemory<byte> received, TransportContext context, IHubTunnelHandler handler) =>
        throw new NotImplementedException();
}
