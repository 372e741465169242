using Microsoft.Extensions.Logging;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Makes a tunnel beside one whose hub has stopped answering. If the old tunnel comes back, it stays, with its streams. If it stays silent
/// although the new one is there, the new one takes its place, with its streams where they can go on there; else the old one keeps them
/// until it recovers or is given up. The new one is made with small packets: a path that drops large ones looks like a cut from either end,
/// and of the two only a cut would end by itself. Where even the small ones had to wait, it was a cut, and later tunnels have packets of
/// any size.
/// </summary>
internal sealed class Rescue(TransportSelector transports, PathLimit path, TimeProvider time, ILogger logger)
{
    /// <summary>
    /// How long the old tunnel may take to come back once the new one is there. Once the path is back, TCP's retransmissions arrive within
    /// this time.
    /// </summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <summary>The limit for one attempt. While a path is cut, a later attempt gets through sooner.</summary>
    internal static readonly TimeSpan TryLimit = TimeSpan.FromSeconds(12);

    /// <summary>
    /// What a dial may take beside its round trips. One that takes longer, or failed before, tells that small packets did not pass either.
    /// </summary>
    internal static readonly TimeSpan Prompt = TimeSpan.FromSeconds(2);

    /// <summary>More than any handshake takes: that of TCP, of TLS or QUIC, and of the tunnel.</summary>
    private const int RoundTrips = 6;

    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    /// <summary>Waits until the tunnel is in doubt and another one is ready to take its place.</summary>
    public async Task<DialOutcome> AwaitAsync(HubTunnel live, int port, Func<DialRequest> template, CancellationToken cancellationToken)
    {
        var wasCut = false;
        while (true)
        {
            await live.WaitForDoubtAsync(cancellationToken);
            try
            {
                if (await TryOnceAsync(live.Tunnel, port, template, wasCut, cancellationToken) is { } outcome)
                    return outcome;
                wasCut = live.Tunnel.IsInDoubt;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // The existing tunnel may still be well.
                ConnectingLog.RescueFaulted(logger, e);
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private async Task<DialOutcome?> TryOnceAsync(
        ITunnel old, int port, Func<DialRequest> template, bool wasCut, CancellationToken cancellationToken)
    {
        var size = path.Next;
        var began = time.GetTimestamp();
        var request = Resumption.WithAddressOf(old, template()) with { MaxPacket = size };
        var outcome = await DialAsync(old.Kind, port, request, cancellationToken);
        if (outcome.Result.Tunnel is not { } tunnel)
        {
            ConnectingLog.RescueFailed(logger, outcome.Result.Failure!.Kind, outcome.Result.Failure.Message);
            return null;
        }

        wasCut |= !transports.WaitsForHub
            && time.GetElapsedTime(began) > Prompt + RoundTrips * (old.RoundTripTime ?? TimeSpan.Zero);
        try
        {
            // Where the new one runs over another transport, a new connection over the old one's did not get through either.
            var isSame = tunnel.Kind == old.Kind;
            wasCut |= !isSame;
            var patience = isSame ? Patience : TimeSpan.Zero;
            for (var waited = TimeSpan.Zero; waited < patience && old.IsInDoubt; waited += Look)
                await Task.Delay(Look, time, cancellationToken);
            if (old.IsInDoubt)
            {
                NoteRescue(old, wasCut ? null : size);
                return await Resumption.GoOnAsync(old, outcome, cancellationToken);
            }
        }
        catch
        {
            await tunnel.DisposeAsync();
            throw;
        }

        // The new tunnel was never started: the hub has not received HELLO and knows only the old tunnel.
        await tunnel.DisposeAsync();
        ConnectingLog.CameBack(logger, old.RemoteEndPoint);
        return null;
    }

    private void NoteRescue(ITunnel old, int? size)
    {
        if (size is { } limit)
        {
            path.Set(limit);
            ConnectingLog.RescuedBySmallPackets(logger, old.RemoteEndPoint, old.ActiveStreams, limit);
        }
        else
        {
            ConnectingLog.Rescued(logger, old.RemoteEndPoint, old.ActiveStreams);
        }
    }

    // What is open on a tunnel over TLS goes on over TLS with one answer for all, so QUIC comes second there, whatever is preferred.
    private async Task<DialOutcome> DialAsync(TransportKind kind, int port, DialRequest request, CancellationToken cancellationToken)
    {
        if (transports.PrefersOtherThan(kind)
            && await TimedDial.RunAsync(
                token => transports.DialSameAsync(kind, request, token), request.HostName, TryLimit, time, cancellationToken)
                is { Result.Tunnel: not null } same)
        {
            return same;
        }

        return await TimedDial.RunAsync(
            token => kind == TransportKind.Quic
                ? transports.DialBesideQuicAsync(port, request, token)
                : transports.DialAsync(port, request, token),
            request.HostName, TryLimit, time, cancellationToken);
    }
}
