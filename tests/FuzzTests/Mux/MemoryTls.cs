using System.Net.Security;

namespace Tunnel.FuzzTests.Mux;

/// <summary>
/// Stands in for a tunnel's TLS: what the tunnel writes is kept for the carrier, and the tunnel reads what it is given. It does so on the
/// thread that gives, except for what follows a turn that it gave to others.
/// </summary>
internal sealed class MemoryTls(Stream network) : SslStream(network)
{
    private byte[] _sent = new byte[16 << 10];
    private int _sentStart;
    private int _sentEnd;
    private ReadOnlyMemory<byte> _given;
    private bool _ended;
    private Memory<byte> _readBuffer;
    private TaskCompletionSource<int>? _read;

    /// <summary>The bytes that the tunnel has written and nobody has taken; they may be changed.</summary>
    public Span<byte> Sent => _sent.AsSpan(_sentStart, _sentEnd - _sentStart);

    /// <summary>Whether the tunnel has read all that it was given, and waits for more.</summary>
    public bool IsWaiting => Volatile.Read(ref _read) is not null;

    /// <summary>Makes it ready for another tunnel.</summary>
    public void Restart() => (_sentStart, _sentEnd, _given, _ended, _read) = (0, 0, default, false, null);

    public void Take(int count) => (_sentStart, _sentEnd) = _sentStart + count == _sentEnd ? (0, 0) : (_sentStart + count, _sentEnd);

    /// <summary>
    /// Lets the tunnel read this, all of it if it is not over; the bytes are to be left alone until it <see cref="IsWaiting"/> again. No
    /// bytes are the end.
    /// </summary>
    public void Give(ReadOnlyMemory<byte> bytes)
    {
        _ended |= bytes.IsEmpty;
        _given = bytes;
        if (_read is not { } waiting)
            return;
        _read = null;
        waiting.SetResult(Copy(_readBuffer));
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_given.IsEmpty || _ended)
            return new ValueTask<int>(Copy(buffer));
        _readBuffer = buffer;
        var read = new TaskCompletionSource<int>();
        Volatile.Write(ref _read, read);
        return new ValueTask<int>(read.Task);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Append(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task ShutdownAsync() => Task.CompletedTask;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Puts bytes on the way behind what the tunnel has written.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_sent.Length - _sentEnd < bytes.Length)
        {
            var sent = Sent;
            var larger =
                _sent.Length - sent.Length < bytes.Length ? new byte[Math.Max(_sent.Length * 2, sent.Length + bytes.Length)] : _sent;
            sent.CopyTo(larger);
            (_sent, _sentStart, _sentEnd) = (larger, 0, sent.Length);
        }

        bytes.CopyTo(_sent.AsSpan(_sentEnd));
        _sentEnd += bytes.Length;
    }

    private int Copy(Memory<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _given.Length);
        _given.Span[..count].CopyTo(buffer.Span);
        _given = _given[count..];
        return count;
    }
}
