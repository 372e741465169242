using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Quic.Connections;

namespace Tunnel.Hub.Accepting;

/// <summary>A stranger over QUIC, on the control stream of its connection.</summary>
internal sealed class QuicStranger(QuicConnection connection, TransportContext context) : IStrangerConnection
{
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(2);

    public Stream Stream => connection.Stream;

    public async Task RefuseAsync(ReadOnlyMemory<byte> line, CancellationToken cancellationToken)
    {
        await connection.Stream.WriteAsync(line, cancellationToken);
        using var limit = new CancellationTokenSource(FlushLimit, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        await connection.CloseAfterFlushAsync(either.Token);
    }

    public HubInfo Describe(string tunnelId) =>
        TunnelProtocol.CreateHubInfo(context, ProductVersion.Number, tunnelId, TlsTunnelFactory.FirstRevision);

    public ITunnel BecomeTunnel(string edgeId, ReadOnlyMemory<byte> received, IHubTunnelHandler handler) =>
        QuicTransport.CreateHub(connection, edgeId, received, context, handler);
}
