using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Shared.Transport.Tls;

/// <summary>
/// The edge's side of TLS on a connection to its hub, whoever has opened it: the edge is the client, and checks the hub's pin before it
/// says anything.
/// </summary>
public static class TlsHandshake
{
    /// <summary>How long TLS may take after the connection, and how long the two lines after that.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <summary>Secures a connection.</summary>
    /// <param name="socket">The connection, owned by this method from now on.</param>
    /// <param name="request">Whose certificate is expected.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The secured connection, which the caller owns; or why there is none, and then the socket is closed.</returns>
    /// <exception cref="SocketException">The connection was reset before its options could be set; the socket is not closed.</exception>
    public static async Task<(TlsConnection? Connection, DialResult? Failure)> SecureAsync(
        Socket socket, DialRequest request, TimeProvider time, CancellationToken cancellationToken)
    {
        var connection = new TlsConnection(socket);
        var isSecured = false;
        try
        {
            var failure = await RunAsync(
                request, time, limit => SecureAsync(connection, request, limit), cancellationToken);
            isSecured = failure is null;
            return (isSecured ? connection : null, failure);
        }
        finally
        {
            if (!isSecured)
                await connection.DisposeAsync();
        }
    }

    /// <summary>Does one part of the handshake within its time; a connection that breaks is a result.</summary>
    internal static async Task<DialResult?> RunAsync(
        DialRequest request, TimeProvider time, Func<CancellationToken, Task<DialResult?>> part, CancellationToken cancellationToken)
    {
        try
        {
            using var timeout = new CancellationTokenSource(Timeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            return await part(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return DialResult.Failed(
                DialFailureKind.Timeout,
                $"{request.Peer} accepted the connection but did not finish the handshake within {Timeout.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return DialResult.Failed(
                DialFailureKind.ProtocolError,
                $"{request.Peer} broke the connection during the handshake: {e.InnerException?.Message ?? e.Message}");
        }
    }

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
}
