namespace Tunnel.Shared.Protocol.Flow;

/// <summary>
/// Tells sustained streams from others (protocol.md section 5). A stream becomes sustained when it averages over 2.5 MB/s for ten seconds;
/// it ceases to be when it averages below half of that for ten seconds without having been held back. The caller gives the time in
/// milliseconds; a stream that moves little never needs a meter.
/// </summary>
public sealed class RateMeter
{
    /// <summary>The length of the average in seconds.</summary>
    public const int Span = 10;

    /// <summary>The rate in bytes per second above which a stream is sustained (20 Mbit/s).</summary>
    public const long SustainedRate = 2_500_000;

    /// <summary>The number of bytes below which a stream is never sustained and needs no meter.</summary>
    public const long MeteredBytes = 1 << 20;

    private readonly long[] _buckets = new long[Span];
    private readonly long _born;
    private long _second;
    private long _total;
    private long _idleSecond;
    private bool _isIdle;
    private long _changedAt;

    /// <summary>Starts to measure.</summary>
    /// <param name="nowMilliseconds">The current time in milliseconds on any monotonic clock.</param>
    public RateMeter(long nowMilliseconds)
    {
        _born = nowMilliseconds;
        _second = nowMilliseconds / 1000;
        _idleSecond = _second;
    }

    /// <summary>True while the stream belongs to the sustained tier.</summary>
    public bool IsSustained { get; private set; }

    /// <summary>The average rate of the last ten seconds.</summary>
    public double BytesPerSecond => (double)_total / Span;

    /// <summary>Records bytes that have moved.</summary>
    /// <returns>True when <see cref="IsSustained"/> changed.</returns>
    public bool Record(long nowMilliseconds, long bytes)
    {
        Advance(nowMilliseconds / 1000);

        // The stream had nothing to send up to now, however long that was.
        if (_isIdle)
            _idleSecond = _second;
        _isIdle = false;
        _buckets[_second % Span] += bytes;
        _total += bytes;
        return Classify(nowMilliseconds);
    }

    /// <summary>Records that the stream had nothing to send for a moment, so it was not held back by its tier.</summary>
    public void RecordIdle(long nowMilliseconds)
    {
        _idleSecond = Math.Max(_idleSecond, nowMilliseconds / 1000);
        _isIdle = true;
    }

    private void Advance(long second)
    {
        if (second - _second >= Span)
        {
            Array.Clear(_buckets);
            _total = 0;
            _second = second;
        }

        while (_second < second)
        {
            _second++;
            _total -= _buckets[_second % Span];
            _buckets[_second % Span] = 0;
        }
    }

    private bool Classify(long now)
    {
        var before = IsSustained;
        if (!IsSustained)
        {
            IsSustained = now - _born >= Span * 1000 && _total > SustainedRate * Span;
        }
        else if (now - _changedAt >= Span * 1000 && _total < SustainedRate * Span / 2 && _second - _idleSecond < Span)
        {
            IsSustained = false;
        }

        if (before == IsSustained)
            return false;
        _changedAt = now;
        return true;
    }
}
