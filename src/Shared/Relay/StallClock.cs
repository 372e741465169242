using Tunnel.Shared.Transport;

namespace Tunnel.Shared.Relay;

/// <summary>How long one direction of a stream has been waiting. Written by the thread that has that direction, read by any.</summary>
internal struct StallClock
{
    // One more than the time, so that 0 is none.
    private long _since;

    /// <summary>It waits; the time runs from the first call since it moved.</summary>
    public void Start(TransportContext context)
    {
        if (_since == 0)
            Volatile.Write(ref _since, context.NowMilliseconds + 1);
    }

    /// <summary>It moves.</summary>
    public void Stop()
    {
        if (_since != 0)
            Volatile.Write(ref _since, 0);
    }

    /// <summary>Milliseconds since the wait began; 0 while it moves.</summary>
    public long Elapsed(TransportContext context) =>
        Volatile.Read(ref _since) is > 0 and var since ? context.NowMilliseconds + 1 - since : 0;
}
