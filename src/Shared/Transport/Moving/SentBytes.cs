using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Shared.Transport.Moving;

/// <summary>
/// The bytes of one direction of a stream that were sent and that the peer has not acknowledged, by their offset from the stream's
/// beginning. They are copied into memory that the budget counts, and the share of it that the peer's tunnels have together: segments, and
/// for a message as small as a keystroke an array, so that thousands of streams that each send one while the tunnel is silent can all be
/// moved. A stream that is full (<see cref="IsFull"/>) should wait until the peer has some of it. Where the budget itself has no room,
/// everything sent so far is forgotten: the stream can't be moved until the peer has it. Not thread-safe.
/// </summary>
/// <param name="pool">The memory of the process.</param>
/// <param name="share">The part of it that the peer's tunnels have.</param>
internal sealed class SentBytes(SegmentPool pool, KeptShare share)
{
    private readonly List<Piece> _pieces = [];

    // The kept bytes begin here in the first piece, and end here in the last one.
    private int _skip;
    private int _fill;
    private KeptHolding _held = new(share);

    /// <summary>The offset of the first byte that is kept.</summary>
    public long From { get; private set; }

    /// <summary>The offset behind the last byte that was sent.</summary>
    public long End { get; private set; }

    /// <summary>
    /// Bytes that may be added now, and then find room. A stream that holds nothing and may hold nothing would wait for nobody: it may add
    /// any number, of which nothing is kept.
    /// </summary>
    public int Room
    {
        get
        {
            var room = _held.Room;
            if (_pieces.Count > 0)
                return Math.Max(room, _pieces[^1].Size - _fill);
            return room > 0 ? room : int.MaxValue;
        }
    }

    /// <summary>True when nothing may be added until the peer has acknowledged something.</summary>
    public bool IsFull => Room == 0;

    /// <summary>Keeps bytes that are being sent.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="hasRoom">Whether there was <see cref="Room"/> for them when they were read.</param>
    public void Append(ReadOnlySpan<byte> data, bool hasRoom)
    {
        End += data.Length;
        while (!data.IsEmpty)
        {
            if (_pieces.Count == 0 || _fill == _pieces[^1].Size)
            {
                if (!(_pieces.Count == 0 && data.Length <= SegmentPool.TinySize ? TryAddTiny(hasRoom) : TryAddSegment(hasRoom)))
                {
                    Forget();
                    return;
                }
            }

            var last = _pieces[^1];
            var count = Math.Min(data.Length, last.Size - _fill);
            data[..count].CopyTo(last.Span[_fill..]);
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
        while (_skip >= _pieces[whole].Size)
            _skip -= Free(_pieces[whole++]);
        _pieces.RemoveRange(0, whole);
    }

    /// <summary>Frees everything.</summary>
    public void Forget()
    {
        foreach (var piece in _pieces)
            Free(piece);
        _pieces.Clear();
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
        foreach (var piece in _pieces)
        {
            if (start >= piece.Size)
            {
                start -= piece.Size;
                continue;
            }

            var count = (int)Math.Min(Math.Min(piece.Size - start, End - offset), buffer.Length);
            piece.Span.Slice(start, count).CopyTo(buffer);
            return count;
        }

        return 0;
    }

    private bool TryAddTiny(bool hasRoom)
    {
        if (!TryHold(SegmentPool.TinySize, hasRoom))
            return false;
        if (pool.TryRentTiny() is not { } array)
        {
            _held.Return(SegmentPool.TinySize);
            return false;
        }

        Add(new Piece(null, array));
        return true;
    }

    // A stream that keeps something already gets more at once.
    private bool TryAddSegment(bool hasRoom)
    {
        var large = _pieces.Count > 0 && _pieces[^1].Segment is not null;
        var size = large ? SegmentPool.LargeSize : SegmentPool.SmallSize;
        if (!TryHold(size, hasRoom))
            return false;
        var segment = pool.TryRent(large);

        // The pool gives a small one where there is no room for a large one.
        var less = size - (segment?.Size ?? 0);
        if (less > 0)
            _held.Return(less);
        if (segment is null)
            return false;
        Add(new Piece(segment, null));
        return true;
    }

    private bool TryHold(int size, bool hasRoom)
    {
        if (!hasRoom && _held.Room == 0)
            return false;
        _held.Take(size);
        return true;
    }

    private void Add(in Piece piece)
    {
        _pieces.Add(piece);
        _fill = 0;
    }

    private int Free(in Piece piece)
    {
        var size = piece.Size;
        if (piece.Segment is { } segment)
            pool.Return(segment);
        else
            pool.ReturnTiny(piece.Tiny!);
        _held.Return(size);
        return size;
    }

    // It is one of the two.
    private readonly record struct Piece(Segment? Segment, byte[]? Tiny)
    {
        public int Size => Segment?.Size ?? SegmentPool.TinySize;

        public Span<byte> Span => Segment is { } segment ? segment.GetSpan() : Tiny.AsSpan(0, SegmentPool.TinySize);
    }
}
