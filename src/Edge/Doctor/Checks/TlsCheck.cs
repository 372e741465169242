using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Edge.Configuration;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Proxies;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>
/// Checks that the hub speaks TLS 1.3 with our protocol, and that its certificate matches the pins. The secret is not sent.
/// </summary>
internal sealed class TlsCheck(TimeProvider time) : IEdgeCheck
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public string Name => "tls";

    public async Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken)
    {
        if (context.Reached is not { } address)
            return new CheckResult(Name, CheckStatus.Skipped, "no TCP connection");
        var severity = context.Severity(TransportKind.TcpTls);
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        string? wrong = null;
        try
        {
            var (socket, fault) = await PeerConnector.ConnectAsync(address, context.Proxy, null, either.Token);
            if (socket is null)
                return new CheckResult(Name, severity, $"no connection: {fault}", "see tcp and proxy");
            await using var connection = new TlsConnection(socket);
            var tls = connection.Stream;
            await tls.AuthenticateAsClientAsync(Options(context, address, found => wrong = found), either.Token);
            return new CheckResult(Name, CheckStatus.Ok, $"{Protocol(tls.SslProtocol)}; {Trust(context.Options)}");
        }
        catch (AuthenticationException) when (wrong is not null)
        {
            return new CheckResult(
                Name, CheckStatus.Failed, wrong,
                "make a new token at the hub (tunnel-hub edge token ID), after you know why the key is another one");
        }
        catch (Exception e) when (e is AuthenticationException or IOException or SocketException)
        {
            return new CheckResult(
                Name, severity, $"{address} did not complete TLS 1.3: {e.Message}",
                "check that this is the hub's tunnel port, and that nothing on the way intercepts TLS");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new CheckResult(
                Name, severity, $"{address} did not finish TLS within {Limit.TotalSeconds:0} s",
                "check that this is the hub's tunnel port, and the path's MTU: large packets may be lost");
        }
    }

    /// <summary>Returns the options of a handshake like the edge's own, but without the secret.</summary>
    internal static SslClientAuthenticationOptions Options(DoctorContext context, IPEndPoint address, Action<string?> onFault) => new()
    {
        TargetHost = context.Options.HubHost,
        ApplicationProtocols = [new SslApplicationProtocol(TunnelProtocol.Alpn)],
        EnabledSslProtocols = SslProtocols.Tls13,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
        {
            if (certificate is X509Certificate2 shown)
                context.CertificateValidity = (shown.NotBefore.ToUniversalTime(), shown.NotAfter.ToUniversalTime());
            var fault = HubCertificateCheck.Fault(certificate, errors, context.Request(address));
            onFault(fault);
            return fault is null;
        },
    };

    private static string Protocol(SslProtocols protocol) => protocol == SslProtocols.Tls13 ? "TLS 1.3" : protocol.ToString();

    private static string Trust(TunnelEdgeOptions options) => options.InsecureSkipVerify
        ? "the certificate was NOT checked (insecureSkipVerify)"
        : options.Pins.IsDefaultOrEmpty ? "the certificate is trusted by this system" : "the certificate's pin matches";
}
