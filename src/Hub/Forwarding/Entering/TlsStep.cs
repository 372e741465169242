using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Forwarding.Securing;
using Tunnel.Hub.Targets;

namespace Tunnel.Hub.Forwarding.Entering;

/// <summary>The handshake with a client whose TLS ends at the hub.</summary>
internal sealed class TlsStep(TimeProvider time, ILogger logger)
{
    /// <summary>How long a client may take for the handshake, from its first message on.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>How many handshakes may be under way at once.</summary>
    public const int MaxUnderWay = 4_096;

    // How long a client may take to read why the handshake failed.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly HelloPlaces _places = new(MaxUnderWay);

    /// <summary>Returns why the client is refused; null when it is not. Throws when the client is gone.</summary>
    public async Task<StreamFailure?> TakeAsync(StreamVisit visit, TlsServer server, CancellationToken gone)
    {
        if (server.Find(visit.ServerName, out var isUnknown) is not { } options)
            return isUnknown ? StreamFailure.UnknownName : StreamFailure.NoCertificate;
        var secured = visit.Secure();
        using var patience = new CancellationTokenSource(Limit, time);
        using var place = _places.Take(patience);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(gone, patience.Token);
        try
        {
            await secured.Tls.AuthenticateAsServerAsync(options, end.Token);
        }
        catch (OperationCanceledException) when (!gone.IsCancellationRequested)
        {
            return place.WasTaken ? StreamFailure.TooManyHandshakes : StreamFailure.HandshakeTimeout;
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            var reason = e.InnerException?.Message ?? e.Message;
            if (logger.IsEnabled(LogLevel.Debug))
                EntranceLog.HandshakeFailed(logger, visit.Port.EdgeId, visit.Port.Port, reason, visit.Id.ToString());
            await secured.SayFarewellAsync(Farewell, time);
            return StreamFailure.HandshakeFailed;
        }

        visit.Fields = visit.Fields with { Protocol = ProtocolOf(secured.Tls), Tls = Describe(secured.Tls) };
        return null;
    }

    private static string? ProtocolOf(SslStream tls) => tls.NegotiatedApplicationProtocol.ToString() is { Length: > 0 } name ? name : null;

    private static TlsFacts Describe(SslStream tls) => new(
        tls.SslProtocol == SslProtocols.Tls13 ? "TLSv1.3" : "TLSv1.2",
        tls.NegotiatedCipherSuite.ToString(),
        (tls.RemoteCertificate as X509Certificate2)?.GetNameInfo(X509NameType.SimpleName, forIssuer: false));
}
