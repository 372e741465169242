namespace Tunnel.Shared.Hosting.Logging;

/// <summary>One bucket of tokens: full at first, filled at a rate, with a count of what it had none for.</summary>
internal sealed class TokenBucket
{
    public double Tokens { get; set; }

    public long At { get; set; }

    public long LeftOut { get; set; }
}

/// <summary>
/// A bucket for each key, bounded in number: who has all of its tokens again is as good as unknown. Guarded by the caller's lock.
/// </summary>
/// <param name="burst">Tokens of a full bucket.</param>
/// <param name="rate">Tokens that come a second.</param>
/// <param name="capacity">Keys that are told apart.</param>
/// <param name="time">The clock.</param>
internal sealed class TokenBuckets<TKey>(int burst, double rate, int capacity, TimeProvider time)
    where TKey : notnull
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<TKey, TokenBucket> _buckets = [];
    private long _swept;

    /// <summary>Keys that are remembered.</summary>
    public int Count => _buckets.Count;

    /// <summary>The bucket of a key, filled as it is due.</summary>
    /// <param name="key">The key.</param>
    /// <param name="overflow">The key that it shares a bucket with when there is no room for its own.</param>
    /// <param name="now">The time.</param>
    public TokenBucket Find(TKey key, TKey overflow, long now)
    {
        if (!_buckets.TryGetValue(key, out var bucket))
        {
            if (_buckets.Count >= capacity && !Sweep(now))
                key = overflow;
            if (!_buckets.TryGetValue(key, out bucket))
                _buckets.Add(key, bucket = new TokenBucket { Tokens = burst, At = now });
        }

        Refill(bucket, now);
        return bucket;
    }

    private bool Sweep(long now)
    {
        if (time.GetElapsedTime(_swept, now) < SweepInterval)
            return false;
        _swept = now;
        foreach (var (key, bucket) in _buckets)
        {
            Refill(bucket, now);
            if (bucket.Tokens >= burst)
                _buckets.Remove(key);
        }

        return _buckets.Count < capacity;
    }

    private void Refill(TokenBucket bucket, long now)
    {
        bucket.Tokens = Math.Min(burst, bucket.Tokens + (time.GetElapsedTime(bucket.At, now).TotalSeconds * rate));
        bucket.At = now;
    }
}
