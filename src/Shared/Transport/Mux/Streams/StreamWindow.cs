using Tunnel.Shared.Protocol.Flow;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Mux.Core;

namespace Tunnel.Shared.Transport.Mux.Streams;

/// <summary>
/// How much a stream's sender may send: the window's arithmetic (<see cref="ReceiveWindow"/>) within the limits of the process. The lock of
/// the <see cref="StreamReceiver"/> that owns it guards it.
/// </summary>
internal sealed class StreamWindow(MuxCore core)
{
    private ReceiveWindow _window = new(core.Terms.OwnInitialWindow);
    private RateMeter? _meter;
    private bool _released;

    /// <summary>Counts received DATA.</summary>
    /// <returns>False when the data exceeds the credit.</returns>
    public bool TryReceive(int bytes) => _window.TryReceive(bytes);

    /// <summary>Counts dropped bytes; their credit goes back with the next credit that is returned.</summary>
    public void Drop(long bytes) => _window.Deliver((int)bytes);

    /// <summary>Counts bytes that have left, and lets the window grow or shrink.</summary>
    /// <param name="bytes">The number of bytes.</param>
    /// <param name="total">The number of bytes given to the local peer so far.</param>
    /// <param name="isDrained">True when no bytes wait, so that the local peer keeps up.</param>
    /// <returns>Credit to return now, or 0.</returns>
    public int OnWritten(int bytes, long total, bool isDrained)
    {
        _window.Deliver(bytes);
        if (!_released)
            Adapt(bytes, total, isDrained);
        return _window.TakeCredit(core.Context.Flow.Ceiling, TunnelTerms.OwnMaxFrame);
    }

    /// <summary>Makes the window small again, because nothing has moved for a while.</summary>
    public void OnIdle() => Shrink(0);

    /// <summary>Returns the window's growth of a stream that has ended; the window grows no more while the stream drains.</summary>
    public void Release()
    {
        _released = true;
        Shrink(0);
    }

    private void Adapt(int bytes, long total, bool isDrained)
    {
        var limit = core.Context.Flow.Target;
        if (_meter is not null || total > RateMeter.MeteredBytes)
            limit = LimitOfSustained(limit, bytes, isDrained);
        if (_window.Target > limit)
            Shrink(limit);
        var change = _window.TakeChange(limit);
        if (change < 0)
            Shrink(_window.Target + change);
        else if (change > 0 && core.Context.Flow.TryGrow(change))
            _window.Grow(change);
    }

    private int LimitOfSustained(int target, int bytes, bool isDrained)
    {
        var now = core.Context.NowMilliseconds;
        _meter ??= new RateMeter(now);
        _meter.Record(now, bytes);
        if (isDrained)
            _meter.RecordIdle(now);
        if (!_meter.IsSustained || core.RoundTripTime is not { } roundTrip)
            return target;
        return WindowTable.Sustained(target, core.Context.Options.MinWindow, _meter.BytesPerSecond, roundTrip);
    }

    private void Shrink(int limit)
    {
        var fall = _window.Shrink(limit);
        if (fall > 0)
            core.Context.Flow.Shrink(fall);
    }
}
