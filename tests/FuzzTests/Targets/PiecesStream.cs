namespace Tunnel.FuzzTests.Targets;

/// <summary>A stream that gives some bytes in pieces of one size, and then its end.</summary>
internal sealed class PiecesStream : Stream
{
    private byte[] _bytes = [];
    private int _length;
    private int _at;
    private int _piece;

    public void Start(ReadOnlySpan<byte> bytes, int piece)
    {
        if (_bytes.Length < bytes.Length)
            _bytes = new byte[bytes.Length];
        bytes.CopyTo(_bytes);
        (_length, _at, _piece) = (bytes.Length, 0, piece);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = Math.Min(Math.Min(_piece, buffer.Length), _length - _at);
        _bytes.AsSpan(_at, count).CopyTo(buffer.Span);
        _at += count;
        return new ValueTask<int>(count);
    }

    public override bool CanRead => true;

    public override bool CanWrite => false;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
