using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// The bytes of one direction of a stream that were sent and that the peer has not acknowledged, by their offset from the stream's
/// beginning. They are copied into segments that the memory budget counts. A stream that is full (<see cref="IsFull"/>) should wait until
/// the peer has some of it. Where the budget has no room, everything sent so far is forgotten: the stream can't be moved until the peer
/// has it. Not thread-safe.
/// </summary>
/// <param name="pool">The memory of the process.</param>
/// <param name="share">The part of it that is for bytes of this kind.</param>
internal sealed class SentBytes(SegmentPool pool, MemoryShare share)
{
    /// <summary>Bytes that a stream may hold whatever all others hold, as long as there is room at all.</summary>
    public const int Least = SegmentPool.LargeSize;

    private readonly List<Segment> _segments = [];

    // The kept bytes begin here in the first segment, and end here in the last one.
    private int _skip;
    private int _fill;
    private long _held;

    /// <summary>The offset of the first byte that is kept.</summary>
    public long From { get; private set; }

    /// <summary>The offset behind the last byte that was sent.</summary>
    public long End { get; private set; }

    /// <summary>
    /// Bytes that may be added now: until the stream holds as much as is left for all. So streams come to hold the same, however many they
    /// are, and one that comes later finds room (dynamic thresholds, Choudhury and Hahne 1998).
    /// </summary>
    public int Room => (int)Math.Clamp(Math.Max(Least, share.Free) - _held, 0, int.MaxValue);

    /// <summary>True when nothing may be added until the peer has acknowledged something.</summary>
    public bool IsFull => Room == 0;

    /// <summary>Keeps bytes that are being sent.</summary>
    public void Append(ReadOnlySpan<byte> data)
    {
        End += data.Length;
        while (!data.IsEmpty)
        {
            if (_segments.Count == 0 || _fill == _segments[^1].Size)
            {
                if (!TryAddSegment())
                {
                    Forget();
                    return;
                }
            }

            var last = _segments[^1];
            var count = Math.Min(data.Length, last.Size - _fill);
            data[..count].CopyTo(last.GetSpan()[_fill..]);
            _fill += count;
            data = data[count..];
        }
    }

    /// <summary>Counts bytes that are sent and need not be kept.</summary>
    public void Skip(int count)
    {
        End += count;
        Forget();
    }

    /// <summary>Frees the bytes before an offset.</summary>
    public void Trim(long offset)
    {
        if (offset <= From)
            return;
        if (offset >= End)
        {
            Forget();
            return;
        }

        _skip += (int)(offset - From);
        From = offset;
        var whole = 0;
        while (_skip >= _segments[whole].Size)
            _skip -= Free(_segments[whole++]);
        _segments.RemoveRange(0, whole);
    }

    /// <summary>Frees everything.</summary>
    public void Forget()
    {
        foreach (var segment in _segments)
            Free(segment);
        _segments.Clear();
        (_skip, _fill) = (0, 0);
        From = End;
    }

    /// <summary>Copies kept bytes.</summary>
    /// <param name="offset">Where they begin, between <see cref="From"/> and <see cref="End"/>.</param>
    /// <param name="buffer">Their destination.</param>
    /// <returns>The bytes copied, at least one unless the offset is the end.</returns>
    public int Read(long offset, Span<byte> buffer)
    {
        if (offset == End)
            return 0;
        var start = _skip + (int)(offset - From);
        foreach (var segment in _segments)
        {
            if (start >= segment.Size)
            {
                start -= segment.Size;
                continue;
            }

            var count = (int)Math.Min(Math.Min(segment.Size - start, End - offset), buffer.Length);
            segment.GetSpan().Slice(start, count).CopyTo(buffer);
            return count;
        }

        return 0;
    }

    private bool TryAddSegment()
    {
        var large = _segments.Count > 0;
        if (!share.TryTake(large ? SegmentPool.LargeSize : SegmentPool.SmallSize))
            return false;
        if (pool.TryRent(large) is not { } segment)
        {
            share.Return(large ? SegmentPool.LargeSize : SegmentPool.SmallSize);
            return false;
        }

        // The pool gives a small one where there is no room for a large one.
        if (large && segment.Size < SegmentPool.LargeSize)
            share.Return(SegmentPool.LargeSize - segment.Size);
        _segments.Add(segment);
        _held += segment.Size;
        _fill = 0;
        return true;
    }

    private int Free(Segment segment)
    {
        var size = segment.Size;
        _held -= size;
        pool.Return(segment);
        share.Return(size);
        return size;
    }
}
