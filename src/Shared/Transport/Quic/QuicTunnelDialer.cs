using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Quic.Connections;
using Tunnel.Shared.Transport.Quic.Native;

namespace Tunnel.Shared.Transport.Quic;

/// <summary>
/// Dials hubs over QUIC: the handshake with the pin checked before the secret is sent, then the two lines on the control stream. A failure
/// that another transport could avoid is <see cref="DialFailureKind.Unreachable"/> (nobody listens, no route, no library),
/// <see cref="DialFailureKind.Timeout"/> (silence) or <see cref="DialFailureKind.TlsFailed"/> (another protocol); a wrong certificate or
/// secret fails over any transport.
/// </summary>
public sealed class QuicTunnelDialer(TransportContext context) : ITunnelDialer
{
    /// <summary>How long the QUIC handshake may take: a network that lets no UDP through gives no answer at all.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long the two lines may take together, after the handshake.</summary>
    public static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public TransportKind Kind => TransportKind.Quic;

    /// <inheritdoc/>
    public async Task<DialResult> DialAsync(DialRequest request, CancellationToken cancellationToken)
    {
        if (!QuicLibrary.TryLoad(out var reason))
        {
            return DialResult.Failed(
                DialFailureKind.Unreachable, $"QUIC is not available: {reason}. To switch it on, {QuicLibrary.InstallHint}");
        }

        using var configuration = ConfigurationHandle.Client(QuicLibrary.Get(), QuicTransport.EdgeSettings(context, request.MaxPacket));
        var connection =
            QuicConnection.Open(context, QuicLibrary.Get(), request.Address, (certificate, chain) => Fault(certificate, chain, request));
        DialResult? result = null;
        try
        {
            result = await ConnectAsync(connection, configuration, request, cancellationToken);
            if (result is not null)
                return result;
            using var timeout = new CancellationTokenSource(HandshakeTimeout, context.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            result = await AuthenticateAsync(connection, request, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            result = DialResult.Failed(
                DialFailureKind.Timeout,
                $"{request.HostName} ({request.Address}) accepted QUIC but did not answer within {HandshakeTimeout.TotalSeconds:0} s");
        }
        catch (IOException e)
        {
            result = DialResult.Failed(
                DialFailureKind.ProtocolError,
                $"{request.HostName} ({request.Address}) broke the QUIC connection during the handshake: {e.Message}");
        }
        finally
        {
            if (result?.Tunnel is null)
                await EndAsync(connection);
        }

        return result;
    }

    /// <summary>
    /// Does the handshake with the pin checked, measures how large packets get through, and closes the connection. The secret is not sent.
    /// </summary>
    /// <param name="request">The hub to dial.</param>
    /// <param name="discovery">How long the path's packet size is searched: probes of growing size follow the handshake.</param>
    /// <param name="cancellationToken">Gives up the probe.</param>
    public async Task<QuicPath> ProbeAsync(DialRequest request, TimeSpan discovery, CancellationToken cancellationToken)
    {
        using var configuration = ConfigurationHandle.Client(QuicLibrary.Get(), QuicTransport.EdgeSettings(context));
        var connection =
            QuicConnection.Open(context, QuicLibrary.Get(), request.Address, (certificate, chain) => Fault(certificate, chain, request));
        try
        {
            if ((await ConnectAsync(connection, configuration, request, cancellationToken))?.Failure is { } failure)
                return new QuicPath(failure, TimeSpan.Zero, 0);
            await Task.Delay(discovery, context.Time, cancellationToken);
            return connection.End is { } end
                ? new QuicPath(
                    new DialFailure(
                        DialFailureKind.ProtocolError, $"{request.HostName} ({request.Address}) ended the connection: {end.Detail}"),
                    TimeSpan.Zero, 0)
                : new QuicPath(null, connection.RoundTripTime ?? TimeSpan.Zero, Math.Max(0, connection.MaxDatagram - sizeof(uint)));
        }
        finally
        {
            await EndAsync(connection);
        }
    }

    // A peer that may not be there is not told of the end, because msquic would wait for its answer.
    private static async Task EndAsync(QuicConnection connection)
    {
        if (connection.IsConnected)
            connection.Abort();
        else
            connection.AbortSilently();
        await connection.Closed;
    }

    private async Task<DialResult?> ConnectAsync(
        QuicConnection connection, ConfigurationHandle configuration, DialRequest request, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(ConnectTimeout, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await connection.ConnectAsync(configuration, request.HostName, either.Token);
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Silent(request);
        }
        catch (IOException e)
        {
            return Failure(connection, request, e);
        }
    }

    private static DialResult Failure(QuicConnection connection, DialRequest request, IOException e)
    {
        if (connection.CertificateFault is { } wrong)
        {
            return DialResult.Failed(
                DialFailureKind.WrongCertificate, $"{request.HostName} ({request.Address}): {wrong}. The secret was not sent");
        }

        return connection.TransportStatus switch
        {
            QuicStatus.ConnectionIdle or QuicStatus.ConnectionTimeout => Silent(request),
            QuicStatus.NoCommonProtocol or QuicStatus.NoCommonVersion or > 200_000_256 and < 200_000_512 => DialResult.Failed(
                DialFailureKind.TlsFailed,
                $"{request.HostName} ({request.Address}) did not complete the QUIC handshake: {e.Message}. Is this a hub's tunnel port?"),
            _ => DialResult.Failed(
                DialFailureKind.Unreachable,
                $"{request.HostName} ({request.Address}) can't be reached over QUIC: {e.Message}. Is the hub's QUIC on, and does its "
                    + $"firewall let UDP port {request.Address.Port} in?"),
        };
    }

    private static DialResult Silent(DialRequest request) => DialResult.Failed(
        DialFailureKind.Timeout,
        $"{request.HostName} ({request.Address}) did not answer over QUIC within {ConnectTimeout.TotalSeconds:0} s: check the address "
            + $"and that firewalls let UDP port {request.Address.Port} through");

    private static string? Fault(NativeBuffer? certificate, NativeBuffer? chain, DialRequest request)
    {
        if (certificate is not { } der)
            return HubCertificateCheck.Fault(null, SslPolicyErrors.RemoteCertificateNotAvailable, request);
        try
        {
            using var shown = X509CertificateLoader.LoadCertificate(der.Span);
            var errors = request.Pins.IsDefaultOrEmpty && !request.InsecureSkipVerify
                ? Validate(shown, chain, request.HostName)
                : SslPolicyErrors.None;
            return HubCertificateCheck.Fault(shown, errors, request);
        }
        catch (CryptographicException e)
        {
            return $"the hub's certificate can't be read: {e.Message}";
        }
    }

    // Validates as SslStream does, but fetches nothing from an issuer, because this runs on a worker of msquic.
    private static SslPolicyErrors Validate(X509Certificate2 shown, NativeBuffer? intermediates, string hostName)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        if (intermediates is { } pkcs7)
        {
            // The method is obsolete because it guesses the format; here msquic itself has made the PKCS #7 from the hub's certificates.
#pragma warning disable SYSLIB0057
            chain.ChainPolicy.ExtraStore.Import(pkcs7.Span);
#pragma warning restore SYSLIB0057
        }

        var errors = chain.Build(shown) ? SslPolicyErrors.None : SslPolicyErrors.RemoteCertificateChainErrors;
        return shown.MatchesHostname(hostName) ? errors : errors | SslPolicyErrors.RemoteCertificateNameMismatch;
    }

    private async Task<DialResult> AuthenticateAsync(QuicConnection connection, DialRequest request, CancellationToken cancellationToken)
    {
        var (config, after, failure) = await EdgeGreeting.ExchangeAsync(connection.Stream, request, cancellationToken);
        if (failure is not null)
            return failure;
        if (config!.Hub is null)
        {
            return DialResult.Failed(
                DialFailureKind.ProtocolError, $"{request.HostName} ({request.Address}) has no extensions; over QUIC they are needed");
        }

        return DialResult.Connected(QuicTransport.CreateEdge(connection, request, config, after, context), config);
    }
}
