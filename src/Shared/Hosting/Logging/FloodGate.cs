namespace Tunnel.Shared.Hosting.Logging;

/// <summary>
/// Decides how many log lines of each kind may be written: about one subject of one peer, about one peer, and in total. Each has a burst
/// and then a rate. Lines left out are counted, and the next line that is written tells how many. Memory is bounded; may be used from any
/// thread.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class FloodGate(TimeProvider time)
{
    /// <summary>
    /// The lines of one kind, peer and subject that may come at once; one more every ten seconds, so that a peer's other lines are not
    /// hidden behind them.
    /// </summary>
    public const int SubjectBurst = 10;

    /// <summary>The lines of one kind and peer that may come at once; one more every second.</summary>
    public const int PeerBurst = 20;

    /// <summary>The lines of one kind that may come at once from all peers; as many more every ten seconds.</summary>
    public const int KindBurst = 200;

    /// <summary>How many peers, and how many subjects, are told apart. Those beyond share one allowance.</summary>
    public const int MaxPeers = 4096;

    private const double SubjectRate = 0.1;
    private const double PeerRate = 1;
    private const double KindRate = KindBurst / 10.0;

    private readonly Lock _lock = new();
    private readonly TokenBuckets<(int Kind, object? Peer, object? Subject)> _subjects = new(SubjectBurst, SubjectRate, MaxPeers, time);
    private readonly TokenBuckets<(int Kind, object? Peer)> _peers = new(PeerBurst, PeerRate, MaxPeers, time);
    private readonly TokenBuckets<int> _kinds = new(KindBurst, KindRate, int.MaxValue, time);

    /// <summary>How many peers and subjects are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _peers.Count + _subjects.Count;
        }
    }

    /// <summary>Whether to write a line.</summary>
    /// <param name="kind">The line's event id.</param>
    /// <param name="peer">The peer that causes it; null when none is named.</param>
    /// <param name="subject">What the line is about, such as a port of the peer; null when all lines of the kind are about the same
    /// thing.</param>
    /// <param name="leftOut">How many lines of this kind were left out since the last one written, for this subject, this peer or the total
    /// limit; 0 when this line is not written either.</param>
    public bool TryEnter(int kind, object? peer, object? subject, out long leftOut)
    {
        leftOut = 0;
        lock (_lock)
        {
            var now = time.GetTimestamp();
            var ofKind = _kinds.Find(kind, kind, now);
            var ofPeer = _peers.Find((kind, peer), (kind, null), now);
            var ofSubject = _subjects.Find((kind, peer, subject), (kind, null, null), now);
            if ((ofSubject.Tokens < 1 ? ofSubject : ofPeer.Tokens < 1 ? ofPeer : ofKind.Tokens < 1 ? ofKind : null) is { } empty)
            {
                empty.LeftOut++;
                return false;
            }

            leftOut = ofSubject.LeftOut + ofPeer.LeftOut + ofKind.LeftOut;
            foreach (var bucket in (ReadOnlySpan<TokenBucket>)[ofSubject, ofPeer, ofKind])
                (bucket.Tokens, bucket.LeftOut) = (bucket.Tokens - 1, 0);
            return true;
        }
    }
}
