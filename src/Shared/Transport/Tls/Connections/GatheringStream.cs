using System.Buffers;
using System.Runtime.CompilerServices;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Transport.Tls.Connections;

/// <summary>
/// The stream under <see cref="System.Net.Security.SslStream"/>, which writes one record at a time: while corked, it gathers the records
/// and sends them with one system call. <see cref="System.Net.Security.SslStream"/> does not return from a read before it has content,
/// however many empty records it processes; so this stream gives others their turn, and gives up a peer that sends nothing else. It owns
/// the socket.
/// </summary>
internal sealed class GatheringStream(LoopSocket socket) : Stream
{
    private const int Capacity = TlsRecord.PerBatch * TlsRecord.Size;

    /// <summary>
    /// The most records in a row that may come without content. Honest peers send a few: a handshake's flight, a session ticket or two, a
    /// key now and then.
    /// </summary>
    /// <remarks>
    /// A peer that mixes KeyUpdates with a little content is limited per turn and not disconnected. From outside a KeyUpdate looks like a
    /// record of five bytes (and may be padded), and peers may cut what they send as small as they like: a limit on short records would
    /// disconnect those as well.
    /// </remarks>
    private const int MaxSilentRecords = 64;

    // Small records may be costly and carry little. When many come at once that are smaller than this on average, the next read takes at
    // most <c>SmallReceive</c> bytes.
    private const int SmallRecord = 256;
    private const int ManyRecords = 16;
    private const int SmallReceive = 2 << 10;

    private byte[]? _gathered;
    private int _count;
    private RecordCounter _counter;
    private int _records;
    private int _recordsOfRead;
    private bool _comesInSmall;
    private bool _hasReceived;

    /// <summary>Whether the peer has ended its direction in order, and had sent nothing at all.</summary>
    public bool EndedWithoutAByte { get; private set; }

    /// <summary>Starts to gather writes.</summary>
    public void Cork() => _gathered ??= ArrayPool<byte>.Shared.Rent(Capacity);

    /// <summary>Sends the gathered writes; the stream stays corked.</summary>
    public ValueTask SendGatheredAsync()
    {
        if (_count == 0)
            return ValueTask.CompletedTask;
        var count = _count;
        _count = 0;
        return SendAllAsync(_gathered.AsMemory(0, count));
    }

    /// <summary>Passes writes on directly again. No gathered bytes may be left.</summary>
    public void Uncork()
    {
        if (_gathered is not { } buffer)
            return;
        _gathered = null;
        ArrayPool<byte>.Shared.Return(buffer);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_gathered is null)
            return SendAllAsync(buffer);
        if (buffer.Length <= _gathered.Length - _count)
        {
            buffer.CopyTo(_gathered.AsMemory(_count));
            _count += buffer.Length;
            return ValueTask.CompletedTask;
        }

        return SendGatheredThenAsync(buffer);
    }

    /// <summary>Notes that a read of content begins: the last read returned content, or this is the first.</summary>
    public void BeginRead() => _recordsOfRead = 0;

    /// <summary>Returns how many records have come since the last call, as a measure of what had to be decrypted.</summary>
    public int TakeRecords()
    {
        var records = _records;
        _records = 0;
        return records;
    }

    /// <summary>
    /// Reads what has arrived. With an empty buffer it waits until there may be something, which is how
    /// <see cref="System.Net.Security.SslStream"/> waits without holding a buffer.
    /// </summary>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_recordsOfRead > MaxSilentRecords)
            return ValueTask.FromException<int>(new RecordFloodException(MaxSilentRecords));
        if (buffer.IsEmpty)
            return socket.IsDrained ? WaitAsync(cancellationToken) : default;

        // The records of the last read gave no content.
        if (_recordsOfRead > 0)
            return ReadOnAsync(buffer, cancellationToken);
        var count = Receive(buffer.Span);
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

    // SslStream's own synchronous paths (Dispose sends close_notify through one) must not wait for a peer that does not read.
    public override void Write(byte[] buffer, int offset, int count)
    {
        if (socket.Send(buffer.AsSpan(offset, count)) == NativeSocket.Failed)
            throw Lost();
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
        if (disposing)
            socket.Dispose();
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
        if (!sending.IsCompletedSuccessfully)
            return FinishAsync(sending);
        return sending.Result ? ValueTask.CompletedTask : ValueTask.FromException(Lost());
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private static async ValueTask FinishAsync(ValueTask<bool> sending)
    {
        if (!await sending)
            throw Lost();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitThenReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int count;
        while ((count = Receive(buffer.Span)) == NativeSocket.WouldBlock)
            await socket.WaitReadableAsync(cancellationToken);
        return count >= 0 ? count : throw Lost();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadOnAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (!socket.IsDrained)
        {
            // No wait follows that would check the token.
            cancellationToken.ThrowIfCancellationRequested();
            if (socket.UsesPool)
                await Task.Yield();
            else
                await socket.Loop.Yield();
        }

        return await WaitThenReadAsync(buffer, cancellationToken);
    }

    private int Receive(Span<byte> buffer)
    {
        var count = socket.Receive(_comesInSmall && buffer.Length > SmallReceive ? buffer[..SmallReceive] : buffer);
        if (count <= 0)
        {
            EndedWithoutAByte = count == 0 && !_hasReceived;
            return count;
        }

        _hasReceived = true;
        var records = _counter.Count(buffer[..count]);
        _records += records;
        _recordsOfRead += records;
        _comesInSmall = records > ManyRecords && count < records * SmallRecord;
        return count;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitAsync(CancellationToken cancellationToken)
    {
        await socket.WaitReadableAsync(cancellationToken);
        return 0;
    }

    private static IOException Lost() => new("the connection is broken");
}
