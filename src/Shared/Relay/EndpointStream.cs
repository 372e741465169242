using System.Net.Sockets;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;

namespace Tunnel.Shared.Relay;

/// <summary>A local end, such as the upstream's socket, as the stream below a TLS session between it and the tunnel.</summary>
public sealed class EndpointStream : Stream, ITunnelStream
{
    private readonly ILocalEndpoint _endpoint;
    private readonly SemaphoreSlim _readable = new(0);
    private volatile bool _isReset;
    private int _hasEnded;
    private int _count;

    /// <summary>Takes over an endpoint that was not started.</summary>
    public EndpointStream(ILocalEndpoint endpoint)
    {
        _endpoint = endpoint;
        endpoint.Start(this);
    }

    /// <summary>The session's turn, which a read leaves while it waits.</summary>
    public TlsTurn Turn { get; } = new();

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    uint ITunnelStream.Id => 0;

    IStreamObserver? ITunnelStream.Observer { get; set; }

    long ITunnelStream.BytesSent => 0;

    long ITunnelStream.BytesReceived => 0;

    /// <summary>Ends writing: the peer gets a FIN.</summary>
    public void ShutdownWrite() => _endpoint.ShutdownWrite();

    /// <summary>Closes in order, when both directions have ended.</summary>
    public override void Close() => _endpoint.Close();

    /// <summary>Ends with a reset, behind what was written; again it does nothing.</summary>
    public void Reset()
    {
        NoteReset();
        if (Interlocked.Exchange(ref _hasEnded, 1) == 0)
            _endpoint.Reset(flush: true);
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            // An empty buffer asks whether there is something to read.
            var status = buffer.IsEmpty ? LocalReadStatus.WouldBlock : _endpoint.TryRead(buffer.Span, out _count);
            switch (status)
            {
                case LocalReadStatus.Data:
                    return _count;
                case LocalReadStatus.EndOfFile:
                    return 0;
                case LocalReadStatus.WouldBlock when !_isReset:
                    break;
                default:
                    throw new IOException("The connection was reset.", new SocketException((int)SocketError.ConnectionReset));
            }

            if (!_endpoint.ArmRead())
                await WaitAsync(cancellationToken);
            if (buffer.IsEmpty)
                return 0;
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_isReset || !await _endpoint.WriteAsync(buffer))
            throw new IOException("The connection was reset.", new SocketException((int)SocketError.ConnectionReset));
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override void Flush()
    {
        // What is written is passed on at once.
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    void ITunnelStream.Attach(ILocalEndpoint endpoint) => throw new NotSupportedException();

    void ITunnelStream.NotifyReadable() => _readable.Release();

    void ITunnelStream.NotifyLocalReset() => NoteReset();

    void ITunnelStream.Reset(ResetReason reason) => Reset();

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        Turn.Leave();
        try
        {
            await _readable.WaitAsync(cancellationToken);
        }
        finally
        {
            await Turn.EnterAsync();
        }
    }

    private void NoteReset()
    {
        _isReset = true;
        _readable.Release();
    }
}
