namespace Tunnel.Shared.Hosting.Logging;

/// <summary>
/// How many lines of the log one peer, and all peers together, may cause of each kind: a burst, then one a second each. What is left out is counted for the
/// next line that is not. Bounded in what it remembers; may be used from any thread.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class FloodGate(TimeProvider time)
{
    /// <summary>Lines of one kind and peer at once; one more each second.</summary>
    public const int PeerBurst = 20;

    /// <summary>Lines of one kind at once, of all peers; as many more each ten seconds.</summary>
    public const int KindBurst = 200;

    /// <summary>Peers that are told apart. Those beyond share what one may.</summary>
    public const int MaxPeers = 4096;

    private const double PeerRate = 1;
    private const double KindRate = KindBurst / 10.0;
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<(int Kind, object? Peer), Bucket> _peers = [];
    private readonly Dictionary<int, Bucket> _kinds = [];
    private long _swept;

    /// <summary>Peers that are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _peers.Count;
        }
    }

    /// <summary>Whether to write a line.</summary>
    /// <param name="kind">Its event id.</param>
    /// <param name="peer">Who causes it; null when nobody is named.</param>
    /// <param name="leftOut">Lines of this kind that were not written since the last one that was, of this peer or for want of room for all; 0 when this is not either.</param>
    public bool TryEnter(int kind, object? peer, out long leftOut)
    {
        leftOut = 0;
        lock (_lock)
        {
            var now = time.GetTimestamp();
            var ofKind = Find(_kinds, kind, KindBurst, now);
            var ofPeer = FindPeer(kind, peer, now);
            Refill(ofKind, KindBurst, KindRate, now);
            Refill(ofPeer, PeerBurst, PeerRate, now);
            if (ofPeer.Tokens < 1 || ofKind.Tokens < 1)
            {
                (ofPeer.Tokens < 1 ? ofPeer : ofKind).LeftOut++;
                return false;
            }

            ofPeer.Tokens--;
            ofKind.Tokens--;
            leftOut = ofPeer.LeftOut + ofKind.LeftOut;
            ofPeer.LeftOut = ofKind.LeftOut = 0;
            return true;
        }
    }

    private static Bucket Find<TKey>(Dictionary<TKey, Bucket> buckets, TKey key, int burst, long now)
        where TKey : notnull
    {
        if (!buckets.TryGetValue(key, out var bucket))
            buckets.Add(key, bucket = new Bucket { Tokens = burst, At = now });
        return bucket;
    }

    private Bucket FindPeer(int kind, object? peer, long now)
    {
        if (_peers.TryGetValue((kind, peer), out var known))
            return known;
        if (_peers.Count >= MaxPeers && !Sweep(now))
            peer = null;
        return Find(_peers, (kind, peer), PeerBurst, now);
    }

    // Who has its whole burst again and nothing left out is as good as unknown.
    private bool Sweep(long now)
    {
        if (time.GetElapsedTime(_swept, now) < SweepInterval)
            return false;
        _swept = now;
        foreach (var (key, bucket) in _peers)
        {
            Refill(bucket, PeerBurst, PeerRate, now);
            if (bucket.Tokens >= PeerBurst)
                _peers.Remove(key);
        }

        return _peers.Count < MaxPeers;
    }

    private void Refill(Bucket bucket, int burst, double rate, long now)
    {
        bucket.Tokens = Math.Min(burst, bucket.Tokens + (time.GetElapsedTime(bucket.At, now).TotalSeconds * rate));
        bucket.At = now;
    }

    private sealed class Bucket
    {
        public double Tokens { get; set; }

        public long At { get; set; }

        public long LeftOut { get; set; }
    }
}
