using System.Buffers;

namespace Tunnel.Shared.Transport.Buffers;

/// <summary>
/// The memory of what the streams of a process hold: segments of two sizes, and arrays for very little, as many as the memory budget has
/// room for. Used and kept segments together never exceed the budget plus <see cref="MostKept"/> for each size. Thread-safe.
/// </summary>
internal sealed class SegmentPool
{
    /// <summary>Bytes of an array for very little. Segments are whole pages, and thousands of streams may hold a byte each.</summary>
    public const int TinySize = 512;

    /// <summary>Bytes of a small segment: one TLS record.</summary>
    public const int SmallSize = 16 << 10;

    /// <summary>Bytes of a large segment, which is written with one system call.</summary>
    public const int LargeSize = 64 << 10;

    /// <summary>
    /// The most bytes of unused segments of one size that keep their pages; a sixteenth of the budget is a limit too. Segments that bulk
    /// data takes and returns all the time then need not be faulted in again each time.
    /// </summary>
    public const int MostKept = 16 << 20;

    private readonly MemoryBudget _budget;
    private readonly SegmentArena _small;
    private readonly SegmentArena _large;

    public SegmentPool(MemoryBudget budget)
    {
        _budget = budget;
        var kept = Math.Min(budget.Limit / 16, MostKept);
        _small = new SegmentArena(SmallSize, (int)(kept / SmallSize));
        _large = new SegmentArena(LargeSize, (int)(kept / LargeSize));
    }

    /// <summary>
    /// Takes a segment of the wanted size, or a small one when the budget has no room for a large one. Returns null when it has room for
    /// neither.
    /// </summary>
    public Segment? TryRent(bool large) => (large ? TryRent(_large) : null) ?? TryRent(_small);

    /// <summary>Returns a segment. Must be called once per segment.</summary>
    public void Return(Segment segment)
    {
        // Return the memory before the room, because another thread may take the room at once.
        segment.Arena.Return(segment);
        _budget.Return(segment.Size);
    }

    /// <summary>Takes an array of at least <see cref="TinySize"/>; null when the budget has no room for it.</summary>
    public byte[]? TryRentTiny() => _budget.TryTake(TinySize) ? ArrayPool<byte>.Shared.Rent(TinySize) : null;

    /// <summary>Returns an array. Must be called once per array.</summary>
    public void ReturnTiny(byte[] array)
    {
        ArrayPool<byte>.Shared.Return(array);
        _budget.Return(TinySize);
    }

    /// <summary>Gives the pages of unused segments back to the kernel: while nothing moves, nobody needs them soon.</summary>
    public void ReleaseKept()
    {
        _small.ReleaseKept();
        _large.ReleaseKept();
    }

    private Segment? TryRent(SegmentArena arena)
    {
        if (!_budget.TryTake(arena.SegmentSize))
            return null;
        if (arena.TryRent() is { } segment)
            return segment;
        _budget.Return(arena.SegmentSize);
        return null;
    }
}
