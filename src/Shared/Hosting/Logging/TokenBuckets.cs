namespace Tunnel.Shared.Hosting.Logging;

/// <summary>A bucket of tokens: full at first and refilled at a rate, with a count of the requests that found it empty.</summary>
internal sealed class TokenBucket
{
    public double Tokens { get; set; }

    public long At { get; set; }

    public long LeftOut { get; set; }
}

/// <summary>
/// Keeps a bucket for each key, in bounded number: a key whose bucket is full again may be forgotten. Guarded by the caller's lock.
/// </summary>
/// <param name="burst">The tokens of a full bucket.</param>
/// <param name="rate">The tokens added each second.</param>
/// <param name="capacity">How many keys are told apart.</param>
/// <param name="time">The clock.</param>
internal sealed class TokenBuckets<TKey>(int burst, double rate, int capacity, TimeProvider time)
    where TKey : notnull
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<TKey, TokenBucket> _buckets = [];
    private long _swept;

    /// <summary>How many keys are remembered.</summary>
    public int Count => _buckets.Count;

    /// <summary>Finds the bucket of a key, and adds the tokens that are due.</summary>
    /// <param name="key">The key.</param>
    /// <param name="overflow">The shared key that is used when there is no room for another one.</param>
    /// <param name="now">The current time.</param>
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
