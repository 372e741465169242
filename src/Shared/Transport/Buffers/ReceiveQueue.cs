namespace Tunnel.Shared.Transport.Buffers;

/// <summary>
/// Bytes of one stream that its local socket did not take at once: a list of pooled segments, counted in the memory budget. The first
/// segments are small, so that a stalled stream costs little; the following are large, since one segment is one system call. Not
/// thread-safe; but appending never touches the bytes that <see cref="Peek"/> has returned, so they may be written meanwhile.
/// </summary>
internal sealed class ReceiveQueue(SegmentPool pool)
{
    /// <summary>Bytes that are kept in small segments; later bytes go into large ones.</summary>
    private const int InSmallOnes = 64 << 10;

    private readonly Queue<Segment> _segments = new();
    private Segment? _last;
    private int _start;
    private int _end;

    /// <summary>The number of bytes that wait.</summary>
    public long Length { get; private set; }

    public bool IsEmpty => Length == 0;

    /// <summary>Adds bytes.</summary>
    /// <returns>How many were taken; fewer than given when the memory budget is used up.</returns>
    public int Append(ReadOnlySpan<byte> data)
    {
        var taken = 0;
        while (taken < data.Length)
        {
            if ((_last is null || _end == _last.Size) && !TryAddSegment(Length + taken))
                break;
            var count = Math.Min(data.Length - taken, _last!.Size - _end);
            BulkCopy.Copy(data.Slice(taken, count), _last.GetSpan()[_end..]);
            _end += count;
            taken += count;
        }

        Length += taken;
        return taken;
    }

    /// <summary>Returns the oldest bytes that lie together in memory. They stay valid until they are consumed or cleared.</summary>
    public ReadOnlyMemory<byte> Peek()
    {
        var first = _segments.Peek();
        return first.Memory[_start..EndOf(first)];
    }

    /// <summary>Removes the oldest bytes; at most as many as one <see cref="Peek"/> returned.</summary>
    public void Consume(int count)
    {
        _start += count;
        Length -= count;
        var first = _segments.Peek();
        if (_start < EndOf(first))
            return;
        _segments.Dequeue();
        if (ReferenceEquals(first, _last))
            _last = null;
        _start = 0;
        pool.Return(first);
    }

    /// <summary>Drops all but the oldest segment, of which a write may be under way.</summary>
    /// <returns>The number of bytes dropped.</returns>
    public long DropAllButFirst()
    {
        if (!_segments.TryDequeue(out var first))
            return 0;
        var end = EndOf(first);
        var kept = end - _start;
        while (_segments.TryDequeue(out var segment))
            pool.Return(segment);
        _segments.Enqueue(first);
        _last = first;
        _end = end;
        var dropped = Length - kept;
        Length = kept;
        return dropped;
    }

    /// <summary>Drops everything. Must not be called while bytes from <see cref="Peek"/> are being written.</summary>
    public void Clear()
    {
        while (_segments.TryDequeue(out var segment))
            pool.Return(segment);
        _last = null;
        _start = _end = 0;
        Length = 0;
    }

    private int EndOf(Segment segment) => ReferenceEquals(segment, _last) ? _end : segment.Size;

    private bool TryAddSegment(long length)
    {
        if (pool.TryRent(large: length >= InSmallOnes) is not { } segment)
            return false;
        _last = segment;
        _segments.Enqueue(segment);
        _end = 0;
        return true;
    }
}
