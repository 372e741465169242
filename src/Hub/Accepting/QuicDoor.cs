using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Files;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Quic.Native;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// The tunnel port over UDP: QUIC connections go to the same <see cref="Reception"/> as those over TLS, and count there from their first
/// packet. Forged senders of such packets are kept out by Retry, which begins long before they could fill the reception.
/// </summary>
internal sealed class QuicDoor : IAsyncDisposable
{
    // Of the strangers' limit: the rest is left to those over TLS, who have proved their address.
    private const int RetryShare = 4;

    private readonly Reception _reception;
    private readonly TransportContext _context;
    private readonly QuicTunnelListener _listener;

    private QuicDoor(
        HubCertificate certificate, IPEndPoint address, Reception reception, StrangerLimits limits, TransportContext context,
        byte[] resetKey)
    {
        _reception = reception;
        _context = context;
        _listener = QuicTunnelListener.Start(context, new QuicListenerOptions
        {
            Address = address,
            Certificate = certificate.Certificate,
            Chain = certificate.Chain,
            OnConnection = Accept,
            ResetKey = resetKey,
            RetryThreshold = Math.Max(1, limits.Total / RetryShare),
        });
    }

    /// <summary>
    /// Opens the door where that can be done; where not, one line of the log says why and what to do, and edges come over TLS.
    /// </summary>
    /// <param name="wanted">The setting.</param>
    /// <param name="certificate">The hub's, the same as over TLS.</param>
    /// <param name="address">Where TCP listens.</param>
    /// <param name="reception">Where connections go.</param>
    /// <param name="limits">Of strangers.</param>
    /// <param name="context">Clock and log of the transports.</param>
    /// <param name="stateDir">Where the key of resets is kept.</param>
    /// <param name="logger">The log.</param>
    public static QuicDoor? Open(
        bool wanted, HubCertificate certificate, IPEndPoint address, Reception reception, StrangerLimits limits, TransportContext context,
        string stateDir, ILogger logger)
    {
        if (!wanted)
        {
            AcceptingLog.QuicSwitchedOff(logger);
            return null;
        }

        if (!QuicLibrary.TryLoad(out var reason))
        {
            AcceptingLog.QuicMissing(logger, reason, QuicLibrary.InstallHint);
            return null;
        }

        try
        {
            var door = new QuicDoor(certificate, address, reception, limits, context, ResetKey.Load(stateDir, new StateFiles()));
            AcceptingLog.QuicListening(logger, address, QuicLibrary.Version!);
            return door;
        }
        catch (QuicException e)
        {
            // The tunnel port over TCP is what matters; edges that want QUIC fall back to it.
            AcceptingLog.QuicFailed(logger, address, e.Message);
            return null;
        }
    }

    /// <summary>Connections from now on get another certificate.</summary>
    public void Use(HubCertificate certificate, ILogger logger)
    {
        try
        {
            _listener.UseCertificate(certificate.Certificate, certificate.Chain);
        }
        catch (QuicException e)
        {
            AcceptingLog.QuicCertificateFailed(logger, e.Message);
        }
    }

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    // The caller is a worker of the library, and to make another stranger give way runs that one's continuations.
    private void Accept(QuicConnection connection) => _ = Task.Run(() => ServeAsync(connection));

    private Task ServeAsync(QuicConnection connection)
    {
        var remote = connection.RemoteEndPoint;
        remote = remote.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(remote.Address.MapToIPv4(), remote.Port) : remote;
        return _reception.ServeAsync(
            remote,
            async stranger =>
            {
                await connection.AcceptControlAsync(stranger.Limit);
                return await _reception.IntroduceAsync(new QuicStranger(connection, _context), remote, stranger);
            },
            connection.DisposeAsync);
    }
}
