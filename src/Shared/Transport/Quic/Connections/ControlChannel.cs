using System.Buffers;
using System.IO.Pipelines;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport.Quic.Native;

namespace Tunnel.Shared.Transport.Quic.Connections;

/// <summary>
/// Moves the control stream's bytes: received bytes wait in a pipe, up to its threshold; bytes to send are copied into native blocks. The
/// handshake reads and writes it as a <see cref="Stream"/>, later the tunnel's control loop uses it.
/// </summary>
internal sealed class ControlChannel : IStreamEvents
{
    // The priority is higher than any other stream's (protocol.md section 6).
    private const ushort HighestPriority = ushort.MaxValue;
    private const int PauseThreshold = 128 << 10;

    private readonly QuicConnection _connection;
    private readonly Pipe _pipe = new(
        new PipeOptions(pauseWriterThreshold: PauseThreshold, resumeWriterThreshold: PauseThreshold / 2, useSynchronizationContext: false));
    private readonly Lock _lock = new();
    private StreamHandle _handle = null!;
    private TaskCompletionSource? _sent;
    private Action? _onSent;
    private long _inFlight;
    private long _acknowledged;
    private bool _ended;

    private ControlChannel(QuicConnection connection)
    {
        _connection = connection;
        Stream = new ControlStream(this, _pipe.Reader.AsStream(leaveOpen: true));
    }

    /// <summary>The control stream as the handshake uses it.</summary>
    public Stream Stream { get; }

    /// <summary>The received bytes, for the tunnel.</summary>
    public PipeReader Reader => _pipe.Reader;

    /// <summary>Bytes that were sent and not yet acknowledged by the peer.</summary>
    public long InFlight
    {
        get
        {
            lock (_lock)
                return _inFlight;
        }
    }

    /// <summary>Bytes that the peer has acknowledged.</summary>
    public long Acknowledged
    {
        get
        {
            lock (_lock)
                return _acknowledged;
        }
    }

    /// <summary>Called when bytes were acknowledged, on a worker of msquic.</summary>
    public Action? OnSent
    {
        set
        {
            lock (_lock)
                _onSent = value;
        }
    }

    /// <summary>Edge: opens the control stream as the first stream.</summary>
    public static ControlChannel Open(QuicConnection connection)
    {
        var result = new ControlChannel(connection);
        result._handle = StreamHandle.Open(connection.Library, connection.Handle, result, unidirectional: false)
            ?? throw new IOException("the connection is over");
        var status = result._handle.Start();
        if (!QuicStatus.Failed(status))
            return result;
        result._handle.Dispose();
        throw new QuicException("the control stream can't be opened", status);
    }

    /// <summary>Hub: takes over the stream that the edge has opened.</summary>
    public static ControlChannel Adopt(QuicConnection connection, nint stream)
    {
        var result = new ControlChannel(connection);
        result._handle = StreamHandle.Adopt(connection.Library, connection.Handle, result, stream);
        result._handle.SetPriority(HighestPriority);
        return result;
    }

    /// <summary>Queues bytes to be sent.</summary>
    /// <returns>False when the stream has ended.</returns>
    public unsafe bool Send(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var block = BlockPool.For(data.Length).Rent();
            var count = Math.Min(data.Length, block->Capacity);
            data[..count].CopyTo(block->Room);
            block->Buffer.Length = (uint)count;
            lock (_lock)
                _inFlight += count;
            if (QuicStatus.Failed(_handle.Send(&block->Buffer, (nint)block)))
            {
                OnSendDone(block);
                return false;
            }

            data = data[count..];
        }

        return true;
    }

    /// <summary>Sends FIN after all queued bytes.</summary>
    public void Finish() => _handle.Finish();

    /// <summary>Completes when the peer has acknowledged all bytes, or when the stream has ended.</summary>
    public Task WhenSentAsync()
    {
        lock (_lock)
        {
            if (_inFlight == 0 || _ended)
                return Task.CompletedTask;
            _sent ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _sent.Task;
        }
    }

    /// <summary>Lets readers reach the end, because the connection has ended or is about to.</summary>
    public void OnConnectionEnding()
    {
        TaskCompletionSource? sent;
        lock (_lock)
        {
            if (_ended)
                return;
            _ended = true;
            (sent, _sent) = (_sent, null);
        }

        _pipe.Writer.Complete();
        sent?.TrySetResult();
    }

    unsafe int IStreamEvents.OnStreamEvent(ref StreamEvent e)
    {
        switch (e.Type)
        {
            case StreamEvent.StartComplete when !QuicStatus.Failed(e.StartStatus):
                _handle.SetPriority(HighestPriority);
                break;
            case StreamEvent.Receive:
                return OnReceive(e);
            case StreamEvent.SendComplete:
                OnSendDone((NativeBlock*)e.SendContext);
                break;
            case StreamEvent.PeerSendShutdown or StreamEvent.PeerSendAborted:
                OnConnectionEnding();
                break;
            case StreamEvent.ShutdownComplete:
                OnConnectionEnding();
                _handle.Dispose();
                break;
        }

        return QuicStatus.Success;
    }

    void IStreamEvents.OnDefect(Exception exception) => _connection.OnDefect(exception);

    private unsafe int OnReceive(in StreamEvent e)
    {
        _connection.NoteStatistics();
        var length = e.ReceiveLength;
        if (length == 0)
            return QuicStatus.Success;
        lock (_lock)
        {
            if (_ended)
                return QuicStatus.Success;
            for (var i = 0; i < e.ReceiveCount; i++)
                _pipe.Writer.Write(e.ReceiveBuffers[i].Span);
        }

        var flush = _pipe.Writer.FlushAsync();
        if (flush.IsCompleted)
        {
            _ = flush.GetAwaiter().GetResult();
            return QuicStatus.Success;
        }

        // The reader is behind: the peer gets no more credit until it has caught up.
        CompleteLaterAsync(flush, length).Guard("receiving on the control stream");
        return QuicStatus.Pending;
    }

    private async Task CompleteLaterAsync(ValueTask<FlushResult> flush, ulong length)
    {
        await flush;
        _handle.CompleteReceive(length, partly: false);
    }

    private unsafe void OnSendDone(NativeBlock* block)
    {
        TaskCompletionSource? sent = null;
        Action? onSent;
        lock (_lock)
        {
            _inFlight -= block->Buffer.Length;
            _acknowledged += block->Buffer.Length;
            if (_inFlight == 0)
                (sent, _sent) = (_sent, null);
            onSent = _onSent;
        }

        BlockPool.Of(block).Return(block);
        sent?.TrySetResult();
        onSent?.Invoke();
    }

    /// <summary>The control stream as the handshake sees it.</summary>
    private sealed class ControlStream(ControlChannel channel, Stream input) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("asynchronous only");

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            input.ReadAsync(buffer, cancellationToken);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            input.ReadAsync(buffer, offset, count, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => Send(buffer.AsSpan(offset, count));

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Send(buffer.Span);
            return ValueTask.CompletedTask;
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            Send(buffer.AsSpan(offset, count));
            return Task.CompletedTask;
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private void Send(ReadOnlySpan<byte> data)
        {
            if (!channel.Send(data))
                throw new IOException("the QUIC connection is over");
        }
    }
}
