using System.Buffers;
using System.IO.Pipelines;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport;

namespace Tunnel.Shared.Relay;

/// <summary>
/// Code of this process as a stream's local end, over two pipes: the tunnel's threads only move bytes, and the code runs on the thread
/// pool. Each pipe holds at most <see cref="MaxHeld"/> bytes, so that a slow reader slows the client.
/// </summary>
public sealed class PipeEndpoint : ILocalEndpoint
{
    /// <summary>The number of bytes that wait each way, roughly.</summary>
    public const int MaxHeld = 64 << 10;

    private readonly Pipe _received = new(new PipeOptions(
        pauseWriterThreshold: MaxHeld, resumeWriterThreshold: MaxHeld / 2, readerScheduler: PipeScheduler.ThreadPool,
        writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));

    private readonly Pipe _sent = new(new PipeOptions(
        pauseWriterThreshold: MaxHeld, resumeWriterThreshold: MaxHeld / 2, readerScheduler: PipeScheduler.Inline,
        writerScheduler: PipeScheduler.ThreadPool, useSynchronizationContext: false));

    private readonly CancellationTokenSource _closed = new();
    private ITunnelStream? _stream;
    private readonly Lock _reading = new();
    private readonly Lock _writing = new();
    private Task<bool>? _flushing;
    private volatile bool _waiting;
    private volatile bool _aborted;
    private bool _readDone;
    private bool _writeDone;

    /// <summary>Creates an endpoint whose pipes are empty.</summary>
    public PipeEndpoint() => Application = new Duplex(_received.Reader, _sent.Writer);

    /// <summary>The code's side: what the client sends, and what is sent to it.</summary>
    public IDuplexPipe Application { get; }

    /// <summary>Fires on the thread pool when the client is gone or the stream has ended.</summary>
    public CancellationToken Closed => _closed.Token;

    /// <summary>Whether the connection was reset, by either side.</summary>
    public bool IsAborted => _aborted;

    /// <summary>Resets the client's connection, because the code does not end it in order.</summary>
    public void Abort()
    {
        _aborted = true;
        _stream?.NotifyLocalReset();
        NoteClosed();
    }

    /// <inheritdoc/>
    public void Start(ITunnelStream stream) => _stream = stream;

    /// <inheritdoc/>
    public LocalReadStatus TryRead(Span<byte> buffer, out int count)
    {
        count = 0;
        lock (_reading)
        {
            if (_aborted || _readDone)
                return LocalReadStatus.Reset;
            if (_waiting || !_sent.Reader.TryRead(out var result))
                return LocalReadStatus.WouldBlock;
            var part = result.Buffer.Slice(0, Math.Min(buffer.Length, result.Buffer.Length));
            part.CopyTo(buffer);
            count = (int)part.Length;
            _sent.Reader.AdvanceTo(part.End);
            return count > 0 ? LocalReadStatus.Data : result.IsCompleted ? LocalReadStatus.EndOfFile : LocalReadStatus.WouldBlock;
        }
    }

    /// <inheritdoc/>
    public bool ArmRead()
    {
        ValueTask<ReadResult> reading;
        lock (_reading)
        {
            if (_aborted || _readDone)
                return true;
            reading = _sent.Reader.ReadAsync();
            if (reading.IsCompleted)
            {
                LeaveUnread(reading.Result);
                return true;
            }

            _waiting = true;
        }

        WaitAsync(reading).Guard("waiting for bytes of this process");
        return false;
    }

    /// <inheritdoc/>
    public void ParkRead()
    {
        // Code that gives up says so itself.
    }

    /// <inheritdoc/>
    public int TryWrite(ReadOnlySpan<byte> data)
    {
        if (_flushing is { IsCompleted: false })
            return 0;
        lock (_writing)
        {
            if (_flushing is { Result: false } || _aborted || _writeDone)
                return -1;
            _received.Writer.Write(data);
            _flushing = FinishAsync(_received.Writer.FlushAsync());
        }

        return data.Length;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data)
    {
        if (_flushing is { } before && !await before)
            return false;
        return TryWrite(data.Span) >= 0 && await _flushing!;
    }

    /// <inheritdoc/>
    public void ShutdownWrite() => EndWriting(null);

    /// <inheritdoc/>
    public void Close()
    {
        EndWriting(null);
        EndReading();
        NoteClosed();
    }

    /// <inheritdoc/>
    public void Reset(bool flush)
    {
        _aborted = true;
        EndWriting(new IOException("The client's connection was reset."));
        EndReading();
        NoteClosed();
    }

    private async Task WaitAsync(ValueTask<ReadResult> reading)
    {
        var result = await reading;
        lock (_reading)
        {
            LeaveUnread(result);
            _waiting = false;
            if (_readDone)
                _sent.Reader.Complete();
        }

        _stream!.NotifyReadable();
    }

    // The bytes are examined to their start only, so that the next read does not wait for more.
    private void LeaveUnread(in ReadResult result) => _sent.Reader.AdvanceTo(result.Buffer.Start);

    private void EndReading()
    {
        lock (_reading)
        {
            _readDone = true;
            if (!_waiting)
                _sent.Reader.Complete();
        }

        // This is done without the lock, since the read that waits goes on at once.
        if (_waiting)
            _sent.Reader.CancelPendingRead();
    }

    private void EndWriting(Exception? error)
    {
        lock (_writing)
        {
            if (_writeDone)
                return;
            _writeDone = true;
        }

        _received.Writer.Complete(error);
    }

    private static readonly Task<bool> Taken = Task.FromResult(true);

    private static Task<bool> FinishAsync(ValueTask<FlushResult> flushing) =>
        flushing is { IsCompletedSuccessfully: true, Result.IsCompleted: false } ? Taken : AwaitAsync(flushing);

    private static async Task<bool> AwaitAsync(ValueTask<FlushResult> flushing) => !(await flushing).IsCompleted;

    // Code of others runs when the token fires.
    private void NoteClosed() =>
        ThreadPool.UnsafeQueueUserWorkItem(static source => source.Cancel(), _closed, preferLocal: false);

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
