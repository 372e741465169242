namespace Tunnel.Shared.Protocol.Flow;

/// <summary>
/// Tells within a second or two that a stream moves bulk, either way: the others of its connection then wait for it whenever the path drops
/// or delays something. Much sooner than <see cref="RateMeter"/>, which is about a share of the sender's time and has ten seconds. Asked
/// every quarter of a second.
/// </summary>
public struct BulkMeter
{
    /// <summary>Milliseconds between two samples.</summary>
    public const int Period = 250;

    /// <summary>Bytes that a stream has moved at least: less is over before anything could be done about it.</summary>
    public const long SmallestStream = 2 << 20;

    /// <summary>Bytes of a period from which on it is bulk: 2 Mbit/s, which fills a small uplink.</summary>
    public const long SmallestShare = 64 << 10;

    /// <summary>It stays bulk for this long: a path that loses a segment may stand still for a second.</summary>
    public const long HoldMilliseconds = 3_000;

    private long _sampled;
    private long _until;

    /// <summary>Takes a sample.</summary>
    /// <param name="nowMilliseconds">The present time on any monotonic clock.</param>
    /// <param name="bytes">All that the stream has moved so far.</param>
    /// <returns>True while it moves bulk.</returns>
    public bool Sample(long nowMilliseconds, long bytes)
    {
        var moved = bytes - _sampled;
        _sampled = bytes;
        if (bytes >= SmallestStream && moved >= SmallestShare)
            _until = nowMilliseconds + HoldMilliseconds;
        return nowMilliseconds < _until;
    }
}
