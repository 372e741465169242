namespace Tunnel.Shared.Transport.Tls;

/// <summary>The bytes of datagrams that may wait in one tunnel, all sessions together. Guarded by the tunnel's lock.</summary>
internal sealed class DatagramQuota
{
    private const int Limit = 4 << 20;

    private int _used;

    public int Used => _used;

    public bool TryTake(int bytes)
    {
        if (_used + bytes > Limit) return false;
        _used += bytes;
        return true;
    }

    public void Return(int bytes) => _used -= bytes;
}
