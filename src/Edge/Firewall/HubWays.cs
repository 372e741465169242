using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Connecting;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Proxies;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Tls.Connections;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// Makes a new connection to the hub over one transport up to the check of its pin, which the hub does not count as an attempt.
/// </summary>
/// <returns>Why it was not possible; null when it was.</returns>
internal delegate Task<string?> HubWay(IPEndPoint address, CancellationToken cancellationToken);

/// <summary>
/// Says over which transports one connection must get through for the next tunnel: the one in use, else those that the mode allows.
/// </summary>
/// <param name="options">The hub and the mode.</param>
/// <param name="pins">Returns the hub's pins, as known now.</param>
/// <param name="quic">The dialer for QUIC; null where QUIC can't be used.</param>
/// <param name="inUse">Returns the transport of the current tunnel; null while there is none.</param>
internal sealed class HubWays(
    TunnelEdgeOptions options, Func<ImmutableArray<string>> pins, QuicTunnelDialer? quic, Func<TransportKind?> inUse)
{
    /// <summary>The transports of which one is needed now.</summary>
    public ImmutableArray<HubWay> Needed => Proxy is not null ? [TryTlsAsync] : (inUse() ?? Only(options.Transport)) switch
    {
        TransportKind.TcpTls => [TryTlsAsync],
        TransportKind.Quic when quic is not null => [TryQuicAsync],
        _ => quic is null ? [TryTlsAsync] : [TryQuicAsync, TryTlsAsync],
    };

    private ProxyHop? Proxy => options.Proxy.HopTo(options.HubHost, options.HubPort);

    private static TransportKind? Only(TransportMode mode) => mode switch
    {
        TransportMode.TcpTls => TransportKind.TcpTls,
        TransportMode.Quic => TransportKind.Quic,
        _ => null,
    };

    private async Task<string?> TryQuicAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        var known = pins();
        var request = ProbeRequest.To(address, options, known) with { InsecureSkipVerify = known.IsEmpty };
        var path = await quic!.ProbeAsync(request, TimeSpan.Zero, cancellationToken);
        return path.Failure?.Message;
    }

    private async Task<string?> TryTlsAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        try
        {
            var (socket, fault) = await PeerConnector.ConnectAsync(address, Proxy, null, cancellationToken);
            if (socket is null)
                return $"{address.Address} TCP port {address.Port}: {fault}";
            await using var connection = new TlsConnection(socket);
            await connection.Stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = options.HubHost,
                    ApplicationProtocols = [new SslApplicationProtocol(TunnelProtocol.Alpn)],
                    EnabledSslProtocols = SslProtocols.Tls13,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) => IsHub(certificate),
                },
                cancellationToken);
            return null;
        }
        catch (Exception e) when (e is SocketException or IOException or AuthenticationException)
        {
            return $"{address.Address} TCP port {address.Port}: {e.Message}";
        }
    }

    // Without pins any answer will do, because nothing is sent to whoever answers.
    private bool IsHub(X509Certificate? certificate) =>
        pins() is var known && (known.IsEmpty || (certificate is X509Certificate2 shown && known.Contains(CertificatePin.Compute(shown))));
}
