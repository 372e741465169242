namespace Tunnel.Shared.Transport.Tls;

/// <summary>
/// The bytes of datagrams that may wait in one tunnel, all sessions together, and on all its lanes. <see cref="Used"/> is guarded by the lane's lock.
/// </summary>
internal sealed class DatagramQuota
{
    private const int Limit = 4 << 20;

    private Pool _pool = new();
    private int _used;

    /// <summary>Bytes that wait on this lane.</summary>
    public int Used => _used;

    /// <summary>Shares the limit with another lane from now on; nothing waits on this one yet.</summary>
    public void ShareWith(DatagramQuota other) => _pool = other._pool;

    public bool TryTake(int bytes)
    {
        if (!_pool.TryTake(bytes)) return false;
        _used += bytes;
        return true;
    }

    public void Return(int bytes)
    {
        _used -= bytes;
        _pool.Return(bytes);
    }

    private sealed class Pool
    {
        private int _used;

        public bool TryTake(int bytes)
        {
            if (Interlocked.Add(ref _used, bytes) <= Limit) return true;
            Return(bytes);
            return false;
        }

        public void Return(int bytes) => Interlocked.Add(ref _used, -bytes);
    }
}
