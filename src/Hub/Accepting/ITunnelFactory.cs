using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Tls;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Hub.Accepting;

/// <summary>Makes tunnels from authenticated connections; tests provide their own.</summary>
internal interface ITunnelFactory
{
    /// <summary>Describes the hub to the edge of a new tunnel.</summary>
    HubInfo Describe(string tunnelId);

    /// <summary>Makes the hub's end of a tunnel, which owns the connection from now on.</summary>
    ITunnel Create(TlsConnection connection, string edgeId, ReadOnlyMemory<byte> received, IHubTunnelHandler handler);
}

/// <summary>Makes tunnels over TLS.</summary>
internal sealed class TlsTunnelFactory(TransportContext context) : ITunnelFactory
{
    internal const long FirstRevision = 1;

    public HubInfo Describe(string tunnelId) => TunnelProtocol.CreateHubInfo(context, ProductVersion.Number, tunnelId, FirstRevision);

    public ITunnel Create(TlsConnection connection, string edgeId, ReadOnlyMemory<byte> received, IHubTunnelHandler handler) =>
        TlsTunnel.CreateHub(connection, edgeId, received, context, handler);
}
