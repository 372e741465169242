namespace Tunnel.Shared.Transport.Buffers;

/// <summary>
/// Segments of one size, cut from chunks of pages. Unused segments take no memory, except for a few that are kept for the next use. (An
/// array pool leaves arrays that it has no room for to the garbage collector, which may hold as much memory again after a surge.)
/// Thread-safe.
/// </summary>
/// <param name="segmentSize">Bytes of a segment; a chunk is a whole number of them.</param>
/// <param name="kept">How many unused segments may keep their pages.</param>
internal sealed unsafe class SegmentArena(int segmentSize, int kept)
{
    /// <summary>Bytes that are requested from the kernel at once.</summary>
    public const int ChunkSize = 1 << 20;

    private readonly Lock _lock = new();
    private readonly List<nint> _chunks = [];
    private readonly Stack<Segment> _warm = new();
    private readonly Stack<Segment> _cold = new();

    // Every segment refers to its arena, so the memory stays while anybody holds a segment.
    ~SegmentArena()
    {
        foreach (var chunk in _chunks)
            PageMemory.Unmap((byte*)chunk, ChunkSize);
    }

    /// <summary>Bytes of a segment.</summary>
    public int SegmentSize { get; } = segmentSize;

    /// <summary>Takes a segment, the most recently returned one first. Returns null when the kernel has no memory.</summary>
    public Segment? TryRent()
    {
        lock (_lock)
        {
            if (_warm.TryPop(out var segment) || _cold.TryPop(out segment))
                return segment;
            return TryAddChunk() ? _cold.Pop() : null;
        }
    }

    /// <summary>Returns a segment. Must be called once per segment.</summary>
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

    /// <summary>Takes the pages of unused segments that were kept for the next use.</summary>
    public void ReleaseKept()
    {
        // They are taken one at a time: a thread that needs one meanwhile does not wait for the kernel to take all of them.
        for (Segment? segment; (segment = TryTakeKept()) is not null;)
        {
            segment.ReleasePages();
            lock (_lock)
                _cold.Push(segment);
        }
    }

    private Segment? TryTakeKept()
    {
        lock (_lock)
            return _warm.TryPop(out var segment) ? segment : null;
    }

    private bool TryAddChunk()
    {
        var chunk = PageMemory.TryMap(ChunkSize);
        if (chunk is null)
            return false;
        _chunks.Add((nint)chunk);

        // They are added from the back, so that the first segment is taken first.
        for (var offset = ChunkSize - SegmentSize; offset >= 0; offset -= SegmentSize)
            _cold.Push(new Segment(this, chunk + offset));
        return true;
    }
}
