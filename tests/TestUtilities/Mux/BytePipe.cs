namespace Tunnel.TestUtilities.Mux;

/// <summary>Bytes on their way: put in at one end, looked at and taken at the other. Not thread-safe.</summary>
internal sealed class BytePipe
{
    private byte[] _bytes = new byte[4 << 10];
    private int _start;
    private int _end;

    public int Length => _end - _start;

    public bool IsEmpty => _start == _end;

    /// <summary>The bytes that are there, the oldest first; they may be changed.</summary>
    public Span<byte> Bytes => _bytes.AsSpan(_start, Length);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_bytes.Length - _end < bytes.Length)
        {
            var all = Bytes;
            var larger =
                _bytes.Length - all.Length < bytes.Length ? new byte[Math.Max(_bytes.Length * 2, all.Length + bytes.Length)] : _bytes;
            all.CopyTo(larger);
            (_bytes, _start, _end) = (larger, 0, all.Length);
        }

        bytes.CopyTo(_bytes.AsSpan(_end));
        _end += bytes.Length;
    }

    public void Take(int count)
    {
        _start += count;
        if (IsEmpty)
            _start = _end = 0;
    }

    public void Clear() => _start = _end = 0;
}
