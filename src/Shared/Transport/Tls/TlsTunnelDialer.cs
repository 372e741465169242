using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Mux;
using Tunnel.Shared.Transport.Mux.Lanes;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Tls;

/// <summary>
/// Makes tunnels to hubs over TLS over TCP: a connection on which the hub's pin was checked, and then the two handshake lines. A tunnel's
/// further lanes come about in the same way.
/// </summary>
/// <param name="context">The state that tunnels share.</param>
/// <param name="connector">Where the connections come from.</param>
public sealed class TlsTunnelDialer(TransportContext context, ITlsConnector connector) : ITunnelDialer
{
    /// <summary>Creates a dialer that opens its connections itself.</summary>
    public TlsTunnelDialer(TransportContext context)
        : this(context, new TlsConnector(context.Time))
    {
    }

    /// <inheritdoc/>
    public TransportKind Kind => TransportKind.TcpTls;

    /// <inheritdoc/>
    public async Task<DialResult> DialAsync(DialRequest request, CancellationToken cancellationToken)
    {
        var ids = new StreamIds(context.NumbersUsed);
        var result = await DialAsync(request, ids, cancellationToken);
        if (result.Tunnel is not MuxTunnel first || (first.Features & TunnelFeatures.Lanes) == 0)
            return result;
        var tunnel = new LanedTunnel(first, context);
        var tunnelId = result.Config!.Hub!.TunnelId;
        tunnel.Keeper = new LaneKeeper(
            tunnel,
            (index, handler, token) =>
            {
                var later = request.Renew?.Invoke(request) ?? request;
                var hello = later.Hello with { Lane = new LaneHello(tunnelId, index) };
                return DialAsync(later with { Handler = handler, Hello = hello }, ids, token);
            },
            request.EdgeId,
            context);
        return DialResult.Connected(tunnel, result.Config);
    }

    private async Task<DialResult> DialAsync(DialRequest request, StreamIds ids, CancellationToken cancellationToken)
    {
        var (connection, failure) = await connector.ConnectAsync(request, cancellationToken);
        if (connection is null)
            return failure!;
        var reached = request with { Address = RemoteAddress.Of(connection.Socket) ?? request.Address };
        DialResult? result = null;
        try
        {
            result = await TlsHandshake.RunAsync(
                reached, context.Time, limit => AuthenticateAsync(connection, reached, ids, limit), cancellationToken);
            return result!;
        }
        finally
        {
            if (result?.Tunnel is null)
                await connection.DisposeAsync();
        }
    }

    private async Task<DialResult?> AuthenticateAsync(
        TlsConnection connection, DialRequest request, StreamIds ids, CancellationToken cancellationToken)
    {
        var (config, after, failure) = await EdgeGreeting.ExchangeAsync(connection.Stream, request, cancellationToken);
        return failure ?? DialResult.Connected(TlsTunnel.CreateEdge(connection, request, config!, after, context, ids), config!);
    }
}
