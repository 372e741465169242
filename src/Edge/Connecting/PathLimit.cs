namespace Tunnel.Edge.Connecting;

/// <summary>
/// Says how large packets to and from the hub may be when the path was found to drop larger ones silently: 1,280 bytes, which every IPv6
/// path takes, then 596, which is the TCP segments of 536 bytes that every host takes. Forgotten after an hour, since paths change.
/// Thread-safe.
/// </summary>
internal sealed class PathLimit(TimeProvider time)
{
    internal static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    /// <summary>If the tunnel gets stuck again within this time, the limit did not help.</summary>
    internal static readonly TimeSpan SoonAgain = TimeSpan.FromMinutes(2);

    private static readonly int[] Sizes = [1_280, 596];

    private readonly Lock _lock = new();
    private int? _size;
    private long _since;

    /// <summary>The limit in bytes; null means whatever the path is found to take.</summary>
    public int? MaxPacket
    {
        get
        {
            lock (_lock)
                return _size is not null && time.GetElapsedTime(_since) < Lifetime ? _size : null;
        }
    }

    /// <summary>
    /// The limit in bytes for an attempt beside a stuck tunnel. It is the smallest one only when the larger one did not help, since the
    /// path may just have been cut twice.
    /// </summary>
    public int Next
    {
        get
        {
            lock (_lock)
                return _size == Sizes[^1] || (_size is not null && time.GetElapsedTime(_since) < SoonAgain) ? Sizes[^1] : Sizes[0];
        }
    }

    /// <summary>Notes that a tunnel with packets of at most <paramref name="size"/> bytes came through where larger ones did not.</summary>
    public void Set(int size)
    {
        lock (_lock)
            (_size, _since) = (size, time.GetTimestamp());
    }
}
