using Tunnel.Shared.Protocol;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// Says what it means that the carrier of a leg ends while a <see cref="MovableStream"/> goes from one tunnel that lives to another. Where
/// the new one is lost, the old one still brings what is under way, and the edge asks again: whether the hub has let the stream go, or for
/// another move, whichever it needs. Where the old one is lost, what was under way on it is sent again after a move that names it.
/// </summary>
internal readonly struct HandOverEnds(MovableCore core, StreamLegs legs)
{
    /// <summary>Notes an end. Called with both locks held.</summary>
    /// <param name="way">The way of the stream.</param>
    /// <param name="leg">The leg.</param>
    /// <param name="end">How its carrier has ended, and then how the stream ends, where it does.</param>
    public CarrierEnding Take(StreamHandOver way, StreamLeg leg, ref StreamEnd end) =>
        leg == way.From ? TakeOld(way, leg, ref end)
        : way.IsSwitched ? TakeNew(way, leg, end)
        : TakeUnanswered(way, end);

    // Edge: the hub has not said yet where it goes on.
    private static CarrierEnding TakeUnanswered(StreamHandOver way, in StreamEnd end)
    {
        if (end is { Side: StreamEndSide.Remote, Reason: ResetReason.NotOpened })
        {
            if (!way.IsAgain || (way.To.Tunnel is { } tunnel && (tunnel.Features & TunnelFeatures.MoveAgain) != 0))
                return CarrierEnding.Stays;

            // A hub that does not know the question may have let the stream go when it was asked before.
            way.IsToGone = way.IsUnanswerable = true;
            return CarrierEnding.Noted;
        }

        // A hub that has lost the old tunnel says that it can't let the stream go from there: the edge loses it, too.
        if (end.Side != StreamEndSide.Tunnel && !(way.IsAgain && end is { Side: StreamEndSide.Remote, Reason: ResetReason.Unspecified }))
            return CarrierEnding.EndsStream;
        way.IsToGone = true;
        return CarrierEnding.Noted;
    }

    private CarrierEnding TakeNew(StreamHandOver way, StreamLeg leg, StreamEnd end)
    {
        if (end.Completed || end.Side == StreamEndSide.Remote)
        {
            if (!end.Completed)
            {
                if (way.IsFromGone && EndsStream(end, way.IsFromLeft))
                    return CarrierEnding.EndsStream;
                way.Reset = end;
            }

            way.Hold(leg, () => leg.Endpoint.OnStreamClosed(leg.Carrier!, end));
            return CarrierEnding.Noted;
        }

        if (end.Side != StreamEndSide.Tunnel || core.Wanted is not null || leg.Table is not { Keeps: true, IsOver: false })
            return CarrierEnding.Ordinary;

        // The old leg goes on to bring what is under way, and the edge comes with another move.
        way.IsToGone = true;
        if (core.Leg == leg)
            legs.Lose();
        return CarrierEnding.Noted;
    }

    private static CarrierEnding TakeOld(StreamHandOver way, StreamLeg leg, ref StreamEnd end)
    {
        if (end.Completed)
        {
            var ended = end;
            way.Hold(leg, () => leg.Endpoint.OnStreamClosed(leg.Carrier!, ended));
            return CarrierEnding.Noted;
        }

        // This is the end of the present leg, and either the stream's too, or it waits for another tunnel.
        if (!way.IsSwitched)
            return CarrierEnding.Ordinary;

        // The old tunnel has brought all. If the peer misses what this end has sent and has not arrived, it is asked for by a move.
        if (way.HasEnded)
            return CarrierEnding.Noted;
        var isLeft = end is { Side: StreamEndSide.Remote, Reason: ResetReason.ShuttingDown };
        var isLost = end.Side == StreamEndSide.Tunnel && leg.Table is { IsOver: false };
        if (!way.KeepsBoth || !(isLeft || isLost))
            return CarrierEnding.EndsStream;
        if (way.Reset is { } reset && EndsStream(reset, isLeft))
        {
            end = reset;
            return CarrierEnding.EndsStream;
        }

        (way.IsFromGone, way.IsFromLeft) = (true, isLeft);
        return CarrierEnding.Noted;
    }

    // The peer gives a leg up with this reason when it goes on elsewhere, unless it gives up both.
    private static bool EndsStream(in StreamEnd reset, bool isOtherLeft) => isOtherLeft || reset.Reason != ResetReason.ShuttingDown;
}

/// <summary>What the end of a leg's carrier means while the stream goes from one leg to another.</summary>
internal enum CarrierEnding
{
    /// <summary>It is noted, or kept until it is known what it means.</summary>
    Noted,

    /// <summary>The stream has no way to another leg any more, and the end is handled as ever.</summary>
    Ordinary,

    /// <summary>Edge: the hub has not let the stream go, which stays on its leg.</summary>
    Stays,

    /// <summary>The stream ends.</summary>
    EndsStream,
}
