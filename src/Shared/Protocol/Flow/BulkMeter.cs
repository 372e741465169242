namespace Tunnel.Shared.Protocol.Flow;

/// <summary>
/// Tells within a second or two whether a stream moves bulk data in either direction: the other streams of its connection then wait for it
/// whenever the path drops or delays something. This is much faster than <see cref="RateMeter"/>, which measures the stream's share of the
/// sender's time over ten seconds. Samples are taken every quarter of a second.
/// </summary>
public struct BulkMeter
{
    /// <summary>Milliseconds between two samples.</summary>
    public const int Period = 250;

    /// <summary>The fewest bytes that a stream must have moved: a smaller one ends before anything could be done about it.</summary>
    public const long SmallestStream = 2 << 20;

    /// <summary>The bytes in one period from which on a stream is bulk: 2 Mbit/s, which fills a small uplink.</summary>
    public const long SmallestShare = 64 << 10;

    /// <summary>How long a stream stays bulk, in milliseconds: a path that loses a segment may stand still for a second.</summary>
    public const long HoldMilliseconds = 3_000;

    private long _sampled;
    private long _until;

    /// <summary>
    /// Whether the last sample found that the stream moves bulk, or as much as bulk though it is small yet: other streams then wait for it.
    /// </summary>
    public bool IsHeavy { get; private set; }

    /// <summary>Takes a sample.</summary>
    /// <param name="nowMilliseconds">The current time in milliseconds on any monotonic clock.</param>
    /// <param name="bytes">The total number of bytes that the stream has moved so far.</param>
    /// <returns>True while the stream moves bulk data.</returns>
    public bool Sample(long nowMilliseconds, long bytes)
    {
        var moved = bytes - _sampled;
        _sampled = bytes;
        if (bytes >= SmallestStream && moved >= SmallestShare)
            _until = nowMilliseconds + HoldMilliseconds;
        var isBulk = nowMilliseconds < _until;
        IsHeavy = isBulk || moved >= SmallestShare;
        return isBulk;
    }
}
