namespace Tunnel.Edge.Connecting;

/// <summary>
/// How large packets to and from the hub may be, when the path was found to swallow larger ones without a word: 1,280 bytes, which every
/// path of IPv6 takes, then 596, the TCP segments of 536 bytes that every host takes. Forgotten after an hour, since paths change.
/// Thread-safe.
/// </summary>
internal sealed class PathLimit(TimeProvider time)
{
    internal static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    /// <summary>Who is stuck again so soon is not helped by the limit.</summary>
    internal static readonly TimeSpan SoonAgain = TimeSpan.FromMinutes(2);

    private static readonly int[] Sizes = [1_280, 596];

    private readonly Lock _lock = new();
    private int? _size;
    private long _since;

    /// <summary>The limit; null: whatever the path is found to take.</summary>
    public int? MaxPacket
    {
        get
        {
            lock (_lock)
                return _size is not null && time.GetElapsedTime(_since) < Lifetime ? _size : null;
        }
    }

    /// <summary>
    /// For a try beside a tunnel that is stuck. The smallest only when the larger one was of no help: a cut may have come twice as well.
    /// </summary>
    public int Next
    {
        get
        {
            lock (_lock)
                return _size == Sizes[^1] || (_size is not null && time.GetElapsedTime(_since) < SoonAgain) ? Sizes[^1] : Sizes[0];
        }
    }

    /// <summary>A tunnel with <paramref name="size"/> came through where one with more did not.</summary>
    public void Set(int size)
    {
        lock (_lock)
            (_size, _since) = (size, time.GetTimestamp());
    }
}
