using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Files;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Strangers;
using Tunnel.Shared.Transport.Quic;
using Tunnel.Shared.Transport.Quic.Connections;
using Tunnel.Shared.Transport.Quic.Native;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// The tunnel port over UDP. QUIC connections go to the same <see cref="Reception"/> as those over TLS, and count there from their first
/// packet. Retry keeps out forged senders of such packets; it begins long before they could fill the reception.
/// </summary>
internal sealed class QuicDoor : IAsyncDisposable
{
    // The divisor of the strangers' limit: the rest is left to connections over TLS, which have proved their address.
    private const int RetryShare = 4;

    private readonly Reception _reception;
    private readonly TransportContext _context;
    private readonly QuicTunnelListener _listener;
    private volatile bool _turnsAway;

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
    /// Opens the port if that is possible; if not, one line of the log says why and what to do, and edges connect over TLS.
    /// </summary>
    /// <param name="wanted">Whether the setting asks for QUIC.</param>
    /// <param name="certificate">The hub's certificate, the same as over TLS.</param>
    /// <param name="address">The address on which TCP listens.</param>
    /// <param name="reception">Receives the connections.</param>
    /// <param name="limits">The limits on strangers.</param>
    /// <param name="context">The clock and log of the transports.</param>
    /// <param name="stateDir">The directory in which the key of stateless resets is kept.</param>
    /// <param name="logger">Receives what happened.</param>
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
            // The tunnel port over TCP is the essential one; edges that want QUIC fall back to it.
            AcceptingLog.QuicFailed(logger, address, e.Message);
            return null;
        }
    }

    /// <summary>Uses another certificate for all connections from now on.</summary>
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

    /// <summary>
    /// Ends connections that come from now on, so that edges try TLS without waiting: as long as there are tunnels over QUIC, this process
    /// has the port, and no other can answer there.
    /// </summary>
    public void TurnAway() => _turnsAway = true;

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    // Runs on the pool because the caller is a worker of the library, and making another stranger give way runs that stranger's
    // continuations.
    private void Accept(QuicConnection connection) =>
        Task.Run(() => ServeAsync(connection)).Guard("receiving a stranger over QUIC");

    private Task ServeAsync(QuicConnection connection)
    {
        if (_turnsAway)
            return connection.DisposeAsync().AsTask();
        var remote = RemoteAddress.Normalise(connection.RemoteEndPoint);
        return _reception.ServeAsync(
            remote,
            async stranger =>
            {
                try
                {
                    await connection.AcceptControlAsync(stranger.Limit);
                }
                catch (IOException) when (connection.IsClosedByPeer)
                {
                    _reception.NoteLeft(stranger, remote);
                    return false;
                }

                return await _reception.IntroduceAsync(new QuicStranger(connection, _context), remote, stranger);
            },
            connection.DisposeAsync);
    }
}
