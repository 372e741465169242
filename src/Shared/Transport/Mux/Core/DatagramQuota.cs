using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>
/// Limits the bytes of datagrams that may wait in one tunnel, over all its sessions and lanes. The lane's lock guards <see cref="Used"/>.
/// </summary>
/// <param name="memory">The memory that all tunnels of the process share.</param>
internal sealed class DatagramQuota(DatagramMemory memory)
{
    private const int Limit = 4 << 20;

    private DatagramMemory _tunnel = memory.Part(Limit);
    private int _used;

    /// <summary>Bytes that wait on this lane.</summary>
    public int Used => _used;

    /// <summary>Shares the limit with another lane from now on; nothing waits on this one yet.</summary>
    public void ShareWith(DatagramQuota other) => _tunnel = other._tunnel;

    public bool TryTake(int bytes)
    {
        if (!_tunnel.TryTake(bytes))
            return false;
        _used += bytes;
        return true;
    }

    public void Return(int bytes)
    {
        _used -= bytes;
        _tunnel.Return(bytes);
    }
}
