using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Moving.Tables;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>Edge: asks the hub to let a <see cref="MovableStream"/> go from a tunnel that lives to another one.</summary>
/// <param name="core">What the parts of the stream share.</param>
/// <param name="receiver">Its receiving half.</param>
/// <param name="legs">Its legs.</param>
internal readonly struct HandOverRequest(MovableCore core, MovableReceiver receiver, StreamLegs legs)
{
    /// <summary>
    /// Asks the hub to go on over another tunnel, unless the stream is on its way already or is ending. Where the first answer may have
    /// been lost with its tunnel, the hub is asked again.
    /// </summary>
    /// <param name="table">The streams of the tunnel that is left.</param>
    /// <param name="other">The other tunnel.</param>
    /// <returns>False when that tunnel takes no new streams now.</returns>
    public bool TryAsk(MovableStreams table, ITunnel other)
    {
        StreamHandOver way;
        StreamHandOver? before;
        StreamMove move;
        lock (core.SendLock)
        {
            lock (core.ReceiveLock)
            {
                before = core.Way;
                var from = before is null ? core.Leg : before.From;
                if (before is null ? !legs.MayBeHandedOver(table) : !before.IsInDoubt || core.IsOver || from!.Table != table)
                    return true;
                if (from!.Carrier is not { } carrier || from.Unconfirmed is not null)
                    return true;

                // Where nothing over QUIC is to be had, the old tunnel may be lost soon, too: then what it keeps is sent again, which would
                // not be kept for one over TLS.
                if (before is not null && from.Keeps && other.Kind != TransportKind.Quic)
                    return true;
                way = new StreamHandOver(from, legs.Create(StreamLeg.BeginningSize)) { HasEnded = receiver.HasEnded };
                way.To.Tunnel = other;
                if (before is not null)
                {
                    way.Replace(before);
                    way.IsAgain = true;
                }

                core.Way = way;
                move = new StreamMove(table.TunnelId, carrier.Id, legs.NextTurn(), Point: null);
            }
        }

        if (other.OpenStream(new StreamOpening { Move = move }, way.To.Endpoint, way.To.Endpoint) is not null)
        {
            before?.To.Release(core.Stream);
            return true;
        }

        if (before is null)
            Stay(way);
        else
            GoBackTo(before, way);
        return false;
    }

    // The hub could not be asked again.
    private void GoBackTo(StreamHandOver before, StreamHandOver way)
    {
        lock (core.ReceiveLock)
        {
            if (core.Way != way)
                return;
            before.Replace(way);
            core.Way = before;
        }

        // A thread that has given up the other tunnel's streams meanwhile has not found this one there.
        if (before.To.Table is { IsOver: true } table)
            core.Stream.GiveUp(table);
    }

    /// <summary>The stream stays on its leg, since the hub has not let it go on elsewhere.</summary>
    public void Stay(StreamHandOver way)
    {
        IReadOnlyList<Action> said;
        bool hasEnded;
        lock (core.ReceiveLock)
        {
            if (core.Way != way)
                return;
            core.Way = null;
            said = way.End(way.From);
            hasEnded = way.HasEnded;
        }

        way.To.Release(core.Stream);
        if (hasEnded)
            receiver.OnPeerEnd(way.From);
        foreach (var action in said)
            action();
    }
}
