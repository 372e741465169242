namespace Tunnel.Shared.Transport.Buffers;

/// <summary>
/// The part of the memory budget for bytes that were sent and that the peer has not acknowledged, so that they can be sent again over
/// another connection or tunnel (protocol.md section 8). Each peer has a <see cref="KeptShare"/> of it: an edge at the hub, a hub at the
/// edge, however many tunnels, connections and streams there are to it. Thread-safe.
/// </summary>
internal sealed class KeptMemory(MemoryBudget budget)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, KeptShare> _shares = [];
    private long _used;

    /// <summary>Bytes that all peers together may hold, apart from their reserves.</summary>
    public long Limit => budget.Limit / 4;

    /// <summary>
    /// Bytes that each peer may hold whatever all others hold. It is two batches at least, half of which are for whoever holds little.
    /// </summary>
    public long Reserve => Math.Max(Limit / 16, 2 * KeptShare.Least);

    /// <summary>Bytes that nobody holds.</summary>
    public long Free => Math.Max(0, Limit - Volatile.Read(ref _used));

    /// <summary>True while the whole budget is short.</summary>
    public bool IsShort => budget.IsShort;

    /// <summary>The number of peers that have a share and were named.</summary>
    public int Peers
    {
        get
        {
            lock (_lock)
                return _shares.Count;
        }
    }

    /// <summary>Returns a peer's share for one more tunnel, until <see cref="KeptShare.Close"/>.</summary>
    /// <param name="peer">The peer; null for a share that no other tunnel has.</param>
    public KeptShare Open(string? peer)
    {
        if (peer is null)
            return new KeptShare(this, peer);
        lock (_lock)
        {
            if (!_shares.TryGetValue(peer, out var share))
                _shares[peer] = share = new KeptShare(this, peer);
            share.Tunnels++;
            return share;
        }
    }

    /// <summary>Notes that a tunnel with this share keeps nothing any more.</summary>
    public void Close(KeptShare share)
    {
        if (share.Peer is not { } peer)
            return;
        lock (_lock)
        {
            if (--share.Tunnels == 0)
                _shares.Remove(peer);
        }
    }

    /// <summary>Counts bytes that a share takes, or gives back when they are negative.</summary>
    public void Add(long bytes) => Interlocked.Add(ref _used, bytes);
}
