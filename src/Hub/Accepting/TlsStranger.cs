using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Hub.Accepting;

/// <summary>A stranger over TLS.</summary>
internal sealed class TlsStranger(TlsConnection connection, Refusal refusal, ITunnelFactory tunnels) : IStrangerConnection
{
    public Stream Stream => connection.Stream;

    public Task RefuseAsync(ReadOnlyMemory<byte> line, CancellationToken cancellationToken) =>
        refusal.SendAsync(connection, line, cancellationToken);

    public HubInfo Describe(string tunnelId) => tunnels.Describe(tunnelId);

    public ITunnel BecomeTunnel(string edgeId, ReadOnlyMemory<byte> received, IHubTunnelHandler handler) =>
        tunnels.Create(connection, edgeId, received, handler);
}
