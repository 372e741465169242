using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport.Moving.Tables;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// Edge: opens a <see cref="MovableStream"/> on another tunnel as a new one, since the hub has never heard of it on the one that was lost.
/// </summary>
/// <param name="core">What the parts of the stream share.</param>
/// <param name="sender">Its sending half.</param>
/// <param name="receiver">Its receiving half.</param>
/// <param name="legs">Its legs.</param>
/// <param name="opening">What the hub was told when the stream was opened.</param>
internal sealed class NewOpening(
    MovableCore core, MovableSender sender, MovableReceiver receiver, StreamLegs legs, StreamOpening opening)
{
    /// <summary>The hub has never heard of the stream, which is to go on over a leg: it is opened there as a new one.</summary>
    /// <returns>False when that may not be, since something of it has arrived or is not kept any more.</returns>
    public bool TryBegin(StreamLeg leg)
    {
        lock (core.SendLock)
        {
            lock (core.ReceiveLock)
            {
                if (leg != core.Leg || leg.Previous is null || receiver.Received.Offset > 0 || sender.From > 0)
                    return false;
                legs.Undo(leg, legs.Named);
            }
        }

        // A callback of a connection may not open streams.
        Task.Run(() => OpenAsync(leg.Tunnel!)).Guard("opening a stream anew");
        return true;
    }

    private async Task OpenAsync(ITunnel tunnel)
    {
        // If this one ends, too, the next one is asked again.
        while (!tunnel.Completion.IsCompleted)
        {
            await tunnel.WaitForRoomAsync();
            if (TryOpen(tunnel))
                return;
            await Task.Delay(StreamMover.Pause, core.Context.Time);
        }
    }

    private bool TryOpen(ITunnel tunnel)
    {
        StreamLeg leg;
        StreamLeg named;
        lock (core.SendLock)
        {
            lock (core.ReceiveLock)
            {
                if (core.IsOver || core.Leg is not null)
                    return true;
                named = legs.Named;
                leg = legs.Create(awaited: 0);
                leg.Previous = legs.Last;
                legs.BeginAnew(leg);
                sender.GoOnFrom(0);
            }
        }

        if (tunnel.OpenStream(opening, leg.Endpoint, leg.Endpoint) is not null)
        {
            leg.Previous?.Release(core.Stream);
            leg.Previous = null;
            return true;
        }

        lock (core.SendLock)
        {
            lock (core.ReceiveLock)
                legs.Undo(leg, named);
        }

        if (legs.Last.Table is { IsOver: true } table)
            core.Stream.GiveUp(table);
        return false;
    }
}
