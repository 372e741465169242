using Tunnel.Shared.Transport;

namespace Tunnel.Shared.Relay;

/// <summary>
/// Measures how long one direction of a stream has been waiting. The thread that handles the direction writes it; any thread may read it.
/// </summary>
internal struct StallClock
{
    // The time plus 1, so that 0 means that nothing waits.
    private long _since;

    /// <summary>Notes that the direction waits; the time runs from the first call after it last moved.</summary>
    public void Start(TransportContext context)
    {
        if (_since == 0)
            Volatile.Write(ref _since, context.NowMilliseconds + 1);
    }

    /// <summary>Notes that the direction moves.</summary>
    public void Stop()
    {
        if (_since != 0)
            Volatile.Write(ref _since, 0);
    }

    /// <summary>Milliseconds since the wait began; 0 while the direction moves.</summary>
    public long Elapsed(TransportContext context) =>
        Volatile.Read(ref _since) is > 0 and var since ? context.NowMilliseconds + 1 - since : 0;
}
