namespace Tunnel.Shared.Transport.Buffers;

/// <summary>
/// The bytes that one process may hold for slow readers (protocol.md section 4). It counts the capacity of rented memory and not the bytes
/// in it, so that the bound also holds for many small leftovers. Thread-safe.
/// </summary>
public sealed class MemoryBudget(long limit)
{
    private long _used;

    /// <summary>The most bytes that may be held.</summary>
    public long Limit { get; } = limit;

    /// <summary>Bytes held now.</summary>
    public long Used => Volatile.Read(ref _used);

    /// <summary>True above three quarters of the limit. Then no stream may have more than the minimum under way.</summary>
    public bool IsShort => Used > Limit / 4 * 3;

    /// <summary>Takes room in bytes; <see cref="Return"/> gives it back.</summary>
    /// <returns>False when there is not enough room.</returns>
    public bool TryTake(int bytes)
    {
        var used = Interlocked.Add(ref _used, bytes);
        if (used > Limit)
        {
            Interlocked.Add(ref _used, -bytes);
            return false;
        }

        return true;
    }

    /// <summary>Gives back room that was taken.</summary>
    public void Return(int bytes) => Interlocked.Add(ref _used, -bytes);
}
