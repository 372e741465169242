using System.Net.Sockets;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Transport.Proxies;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Tls;

/// <summary>Opens connections to a hub, straight or through a proxy, and secures them.</summary>
public sealed class TlsConnector(TimeProvider time) : ITlsConnector
{
    /// <summary>How long the TCP connection may take.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public async Task<(TlsConnection? Connection, DialResult? Failure)> ConnectAsync(
        DialRequest request, CancellationToken cancellationToken)
    {
        var (socket, unreachable) = await OpenAsync(request, cancellationToken);
        return socket is null ? (null, unreachable) : await TlsHandshake.SecureAsync(socket, request, time, cancellationToken);
    }

    private async Task<(Socket? Socket, DialResult? Failure)> OpenAsync(DialRequest request, CancellationToken cancellationToken)
    {
        try
        {
            using var timeout = new CancellationTokenSource(ConnectTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            var (socket, fault) = await PeerConnector.ConnectAsync(
                request.Address, request.Proxy, TcpOptions.MaxSegment(request.MaxPacket), either.Token);
            return (socket, socket is null ? Unreachable(request, fault!) : null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (
                null,
                DialResult.Failed(
                    DialFailureKind.Timeout,
                    $"{request.Peer} did not answer within {ConnectTimeout.TotalSeconds:0} s: check the address and that "
                    + $"{(request.Proxy is { } hop ? $"the proxy works and reaches TCP port {hop.Port}" : FirewallAdvice(request))}"));
        }
    }

    private static string FirewallAdvice(DialRequest request) => $"its firewall lets TCP port {request.Address.Port} in";

    private static DialResult Unreachable(DialRequest request, string fault) =>
        DialResult.Failed(
            DialFailureKind.Unreachable,
            request.Proxy is { } hop
                ? $"{HostSyntax.Format(hop.Host, hop.Port)} can't be reached: {fault}"
                : $"{request.Peer} can't be reached: {fault}. Is the hub running, and the port right?");
}
