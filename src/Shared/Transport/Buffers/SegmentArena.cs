namespace Tunnel.Shared.Transport.Buffers;

/// <summary>
/// Segments of one size, cut from chunks of pages. Those that are not in use take no memory, but for a few that are kept for who comes
/// next. (An array pool leaves to the collector what it has no room for, which after a surge may hold as much again.) Thread-safe.
/// </summary>
/// <param name="segmentSize">Bytes of a segment; a chunk is a whole number of them.</param>
/// <param name="kept">How many unused ones may keep their pages.</param>
internal sealed unsafe class SegmentArena(int segmentSize, int kept)
{
    /// <summary>Bytes that are asked of the kernel at once.</summary>
    public const int ChunkSize = 1 << 20;

    private readonly Lock _lock = new();
    private readonly List<nint> _chunks = [];
    private readonly Stack<Segment> _warm = new();
    private readonly Stack<Segment> _cold = new();

    // Every segment knows its arena: while anybody holds one, its memory stays.
    ~SegmentArena()
    {
        foreach (var chunk in _chunks)
            PageMemory.Unmap((byte*)chunk, ChunkSize);
    }

    /// <summary>Bytes of a segment.</summary>
    public int SegmentSize { get; } = segmentSize;

    /// <summary>Takes one, the last that came back first; null when the kernel has no memory.</summary>
    public Segment? TryRent()
    {
        lock (_lock)
        {
            if (_warm.TryPop(out var segment) || _cold.TryPop(out segment))
                return segment;
            return TryAddChunk() ? _cold.Pop() : null;
        }
    }

    /// <summary>Gives one back, once.</summary>
    public void Return(Segment segment)
    {
        lock (_lock)
        {
            if (_warm.Count < kept)
            {
                _warm.Push(segment);
                return;
            }
        }

        segment.ReleasePages();
        lock (_lock)
            _cold.Push(segment);
    }

    private bool TryAddChunk()
    {
        var chunk = PageMemory.TryMap(ChunkSize);
        if (chunk is null)
            return false;
        _chunks.Add((nint)chunk);

        // From the back, so that the first is taken first.
        for (var offset = ChunkSize - SegmentSize; offset >= 0; offset -= SegmentSize)
            _cold.Push(new Segment(this, chunk + offset));
        return true;
    }
}
