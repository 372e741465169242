namespace Tunnel.Shared.Transport.Buffers;

/// <summary>
/// The bytes of datagrams that may wait, for a name, an opening or their turn: a part of the memory budget, so that floods of them never
/// take from streams what those need, and of that a part for each tunnel. Thread-safe.
/// </summary>
public sealed class DatagramMemory
{
    /// <summary>What a datagram that waits costs besides its bytes: without it empty ones could wait without limit.</summary>
    public const int Overhead = 64;

    // 25 MiB of the default budget: a tenth of a second of 2 Gbit/s.
    private const int Share = 8;

    private readonly MemoryBudget _budget;
    private readonly DatagramMemory? _whole;
    private long _used;

    /// <summary>What all of the process's datagrams share.</summary>
    public DatagramMemory(MemoryBudget budget) => (_budget, Limit) = (budget, budget.Limit / Share);

    private DatagramMemory(DatagramMemory whole, long limit) =>
        (_budget, _whole, Limit) = (whole._budget, whole, Math.Min(limit, whole.Limit));

    /// <summary>Bytes that may wait.</summary>
    public long Limit { get; }

    /// <summary>Bytes that wait now.</summary>
    public long Used => Volatile.Read(ref _used);

    /// <summary>A part of this with a limit of its own.</summary>
    public DatagramMemory Part(long limit) => new(this, limit);

    /// <summary>Takes room; <see cref="Return"/> gives it back.</summary>
    /// <returns>False when there is not so much.</returns>
    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= Limit && (_whole?.TryTake(bytes) ?? _budget.TryTake(bytes)))
            return true;
        Interlocked.Add(ref _used, -bytes);
        return false;
    }

    /// <summary>Gives room back.</summary>
    public void Return(int bytes)
    {
        Interlocked.Add(ref _used, -bytes);
        if (_whole is not null)
            _whole.Return(bytes);
        else
            _budget.Return(bytes);
    }
}
