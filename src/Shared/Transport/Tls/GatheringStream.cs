using System.Buffers;
using System.Runtime.CompilerServices;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Transport.Tls;

/// <summary>
/// The stream under <see cref="System.Net.Security.SslStream"/>, which writes one record at a time: while corked the records are put together
/// and leave with one system call. Owns the socket.
/// </summary>
internal sealed class GatheringStream(LoopSocket socket) : Stream
{
    private const int Capacity = FrameWriter.SentBatchSize;

    private byte[]? _gathered;
    private int _count;

    /// <summary>Starts to put writes together.</summary>
    public void Cork() => _gathered ??= ArrayPool<byte>.Shared.Rent(Capacity);

    /// <summary>Sends what was put together; stays corked.</summary>
    public ValueTask SendGatheredAsync()
    {
        if (_count == 0) return ValueTask.CompletedTask;
        var count = _count;
        _count = 0;
        return SendAllAsync(_gathered.AsMemory(0, count));
    }

    /// <summary>Goes back to passing writes on; nothing may be gathered then.</summary>
    public void Uncork()
    {
        if (_gathered is not { } buffer) return;
        _gathered = null;
        ArrayPool<byte>.Shared.Return(buffer);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_gathered is null) return SendAllAsync(buffer);
        if (buffer.Length <= _gathered.Length - _count)
        {
            buffer.CopyTo(_gathered.AsMemory(_count));
            _count += buffer.Length;
            return ValueTask.CompletedTask;
        }

        return SendGatheredThenAsync(buffer);
    }

    /// <summary>
    /// Reads what is there. With an empty buffer waits until there may be something, which is how <see cref="System.Net.Security.SslStream"/> waits without
    /// holding a buffer.
    /// </summary>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty) return socket.IsDrained ? WaitAsync(cancellationToken) : default;
        var count = socket.Receive(buffer.Span);
        return count >= 0 ? new ValueTask<int>(count) : WaitThenReadAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    // SslStream's own synchronous paths (Dispose sends close_notify through one) must not wait for a peer that reads nothing.
    public override void Write(byte[] buffer, int offset, int count)
    {
        if (socket.Send(buffer.AsSpan(offset, count)) == NativeSocket.Failed) throw Lost();
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) socket.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask SendGatheredThenAsync(ReadOnlyMemory<byte> buffer)
    {
        await SendGatheredAsync();
        await SendAllAsync(buffer);
    }

    private ValueTask SendAllAsync(ReadOnlyMemory<byte> data)
    {
        var sending = socket.SendAllAsync(data);
        if (!sending.IsCompletedSuccessfully) return FinishAsync(sending);
        return sending.Result ? ValueTask.CompletedTask : ValueTask.FromException(Lost());
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask FinishAsync(ValueTask<bool> sending)
    {
        if (!await sending) throw Lost();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitThenReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int count;
        while ((count = socket.Receive(buffer.Span)) == NativeSocket.WouldBlock) await socket.WaitReadableAsync(cancellationToken);
        return count >= 0 ? count : throw Lost();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitAsync(CancellationToken cancellationToken)
    {
        await socket.WaitReadableAsync(cancellationToken);
        return 0;
    }

    private static IOException Lost() => new("the connection is broken");
}
