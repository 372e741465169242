namespace Tunnel.Shared.Transport.Buffers;

/// <summary>
/// The part of the memory budget that bytes kept for a move may take, over all tunnels of the process. What is received has the rest.
/// Thread-safe.
/// </summary>
internal sealed class MemoryShare(MemoryBudget budget)
{
    private long _used;

    /// <summary>
    /// Bytes that streams which hold something already may still take: a quarter is left to those that hold little yet, because nobody
    /// knows when the others are acknowledged. There are none while the whole budget is short.
    /// </summary>
    public long Free => budget.IsShort ? 0 : Math.Max(0, budget.SentLimit / 4 * 3 - Volatile.Read(ref _used));

    /// <summary>Takes room in bytes; <see cref="Return"/> gives it back.</summary>
    /// <returns>False when there is not enough.</returns>
    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= budget.SentLimit)
            return true;
        Return(bytes);
        return false;
    }

    /// <summary>Gives back room that was taken.</summary>
    public void Return(int bytes) => Interlocked.Add(ref _used, -bytes);
}
