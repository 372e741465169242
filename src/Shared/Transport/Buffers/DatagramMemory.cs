namespace Tunnel.Shared.Transport.Buffers;

/// <summary>
/// The bytes of datagrams that may wait for a name, an opening or their turn. It is a part of the memory budget, so that floods of
/// datagrams never take the memory that streams need, and each tunnel has a part of it. Thread-safe.
/// </summary>
public sealed class DatagramMemory
{
    /// <summary>Bytes that a waiting datagram costs besides its payload: without them, empty datagrams could wait without limit.</summary>
    public const int Overhead = 64;

    // Of the default budget this is 25 MiB, which last for a tenth of a second at 2 Gbit/s.
    private const int Share = 8;

    private readonly MemoryBudget _budget;
    private readonly DatagramMemory? _whole;
    private long _used;

    /// <summary>Creates the memory that all datagrams of the process share: an eighth of the budget.</summary>
    public DatagramMemory(MemoryBudget budget) => (_budget, Limit) = (budget, budget.Limit / Share);

    private DatagramMemory(DatagramMemory whole, long limit) =>
        (_budget, _whole, Limit) = (whole._budget, whole, Math.Min(limit, whole.Limit));

    /// <summary>The most bytes that may wait.</summary>
    public long Limit { get; }

    /// <summary>Bytes that wait now.</summary>
    public long Used => Volatile.Read(ref _used);

    /// <summary>Creates a part of this memory with its own limit.</summary>
    public DatagramMemory Part(long limit) => new(this, limit);

    /// <summary>Takes room in bytes; <see cref="Return"/> gives it back.</summary>
    /// <returns>False when there is not enough room.</returns>
    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= Limit && (_whole?.TryTake(bytes) ?? _budget.TryTake(bytes)))
            return true;
        Interlocked.Add(ref _used, -bytes);
        return false;
    }

    /// <summary>Gives back room that was taken.</summary>
    public void Return(int bytes)
    {
        Interlocked.Add(ref _used, -bytes);
        if (_whole is not null)
            _whole.Return(bytes);
        else
            _budget.Return(bytes);
    }
}
