namespace Tunnel.Shared.Hosting.Logging;

/// <summary>
/// How many lines of the log there may be of each kind: about one subject, which one peer causes with it; of one peer; and of all. Each has
/// a burst and then a rate. What is left out is counted for the next line that is not. Bounded in what it remembers; may be used from any
/// thread.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class FloodGate(TimeProvider time)
{
    /// <summary>
    /// Lines of one kind and peer about the same at once; one more each ten seconds, so that others of that peer are not hidden behind it.
    /// </summary>
    public const int SubjectBurst = 10;

    /// <summary>Lines of one kind and peer at once; one more each second.</summary>
    public const int PeerBurst = 20;

    /// <summary>Lines of one kind at once, of all peers; as many more each ten seconds.</summary>
    public const int KindBurst = 200;

    /// <summary>Peers, and subjects, that are told apart. Those beyond share what one may.</summary>
    public const int MaxPeers = 4096;

    private const double SubjectRate = 0.1;
    private const double PeerRate = 1;
    private const double KindRate = KindBurst / 10.0;

    private readonly Lock _lock = new();
    private readonly TokenBuckets<(int Kind, object? Peer, object? Subject)> _subjects = new(SubjectBurst, SubjectRate, MaxPeers, time);
    private readonly TokenBuckets<(int Kind, object? Peer)> _peers = new(PeerBurst, PeerRate, MaxPeers, time);
    private readonly TokenBuckets<int> _kinds = new(KindBurst, KindRate, int.MaxValue, time);

    /// <summary>Peers and subjects that are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _peers.Count + _subjects.Count;
        }
    }

    /// <summary>Whether to write a line.</summary>
    /// <param name="kind">Its event id.</param>
    /// <param name="peer">Who causes it; null when nobody is named.</param>
    /// <param name="subject">What of the peer's it is about, such as a port; null when all of the kind are about the same.</param>
    /// <param name="leftOut">Lines of this kind that were not written since the last one that was, of this subject, of this peer or for
    /// want of room for all; 0 when this is not either.</param>
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
