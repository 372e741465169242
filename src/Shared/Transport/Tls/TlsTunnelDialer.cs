using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Mux;
using Tunnel.Shared.Transport.Mux.Lanes;
using Tunnel.Shared.Transport.Proxies;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Tls;

/// <summary>
/// Dials hubs over TLS over TCP: connect, TLS 1.3 with the pin checked before the secret is sent, the two handshake lines.
/// </summary>
public sealed class TlsTunnelDialer(TransportContext context) : ITunnelDialer
{
    /// <summary>How long the TCP connection may take.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long TLS and the two lines may take together, after the connection.</summary>
    public static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(15);

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
                DialAsync(
                    request with { Handler = handler, Hello = request.Hello with { Lane = new LaneHello(tunnelId, index) } }, ids, token),
            request.EdgeId,
            context);
        return DialResult.Connected(tunnel, result.Config);
    }

    private async Task<DialResult> DialAsync(DialRequest request, StreamIds ids, CancellationToken cancellationToken)
    {
        var (socket, unreachable) = await ConnectAsync(request, cancellationToken);
        return socket is null
            ? unreachable!
            : await GreetAsync(
                socket, request, async (connection, limit) =>
                    await SecureAsync(connection, request, limit) ?? await AuthenticateAsync(connection, request, ids, limit),
                cancellationToken);
    }

    /// <summary>
    /// Makes a tunnel of a connection that the hub has opened. The roles in TLS are those of every tunnel: this end checks the hub's pin
    /// before it says the secret.
    /// </summary>
    /// <param name="socket">The accepted connection, owned by this method from now on.</param>
    /// <param name="request">Whose certificate is expected.</param>
    /// <param name="greeting">Completes with the request of the tunnel that is wanted. It is asked for once the pin was right.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<DialResult> TakeAsync(
        Socket socket, DialRequest request, Func<CancellationToken, Task<DialRequest>> greeting, CancellationToken cancellationToken) =>
        GreetAsync(
            socket, request, async (connection, limit) =>
                await SecureAsync(connection, request, limit)
                ?? await AuthenticateAsync(
                    connection, await greeting(limit) with { Address = request.Address }, new StreamIds(context.NumbersUsed), limit),
            cancellationToken);

    private async Task<DialResult> GreetAsync(
        Socket socket, DialRequest request, Func<TlsConnection, CancellationToken, Task<DialResult>> handshake,
        CancellationToken cancellationToken)
    {
        var connection = new TlsConnection(socket);
        DialResult? result = null;
        try
        {
            using var timeout = new CancellationTokenSource(HandshakeTimeout, context.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            result = await handshake(connection, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            result = DialResult.Failed(
                DialFailureKind.Timeout,
                $"{request.Peer} accepted the connection but did not finish the handshake within "
                + $"{HandshakeTimeout.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            result = DialResult.Failed(
                DialFailureKind.ProtocolError,
                $"{request.Peer} broke the connection during the handshake: "
                + $"{e.InnerException?.Message ?? e.Message}");
        }
        finally
        {
            if (result?.Tunnel is null)
                await connection.DisposeAsync();
        }

        return result;
    }

    private async Task<(Socket? Socket, DialResult? Failure)> ConnectAsync(DialRequest request, CancellationToken cancellationToken)
    {
        try
        {
            using var timeout = new CancellationTokenSource(ConnectTimeout, context.Time);
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

    private static async Task<DialResult?> SecureAsync(TlsConnection connection, DialRequest request, CancellationToken cancellationToken)
    {
        string? wrong = null;
        try
        {
            await connection.Stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = request.HostName,
                    ApplicationProtocols = [new SslApplicationProtocol(TunnelProtocol.Alpn)],
                    EnabledSslProtocols = SslProtocols.Tls13,
                    CipherSuitesPolicy = TlsTunnel.CipherSuites,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                    {
                        wrong = HubCertificateCheck.Fault(certificate, errors, request);
                        return wrong is null;
                    },
                },
                cancellationToken);
            return null;
        }
        catch (AuthenticationException e)
        {
            return wrong is not null
                ? DialResult.Failed(
                    DialFailureKind.WrongCertificate, $"{request.Peer}: {wrong}. The secret was not sent")
                : DialResult.Failed(
                    DialFailureKind.TlsFailed,
                    $"{request.Peer} did not complete TLS 1.3: {e.Message} Is this a hub's tunnel port?");
        }
    }

    private async Task<DialResult> AuthenticateAsync(
        TlsConnection connection, DialRequest request, StreamIds ids, CancellationToken cancellationToken)
    {
        var (config, after, failure) = await EdgeGreeting.ExchangeAsync(connection.Stream, request, cancellationToken);
        return failure ?? DialResult.Connected(TlsTunnel.CreateEdge(connection, request, config!, after, context, ids), config!);
    }
}
