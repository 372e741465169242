using System.Net.Sockets;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.KernelMemory;

namespace Tunnel.Shared.Relay;

/// <summary>A connected TCP socket, the client's or the upstream's, as a stream's local end. This object owns the socket.</summary>
public sealed class SocketEndpoint : ILocalEndpoint, ISocketOwner, ITcpMemoryHolder
{
    // Whether the guard of the kernel's memory knows this endpoint: from its first wait until it is closed.
    private const int Unknown = 0;
    private const int Known = 1;
    private const int Closed = 2;

    // Data for a peer that does not read must wait in our own budget, which is bounded, and not in the kernel's send queue, which grows to
    // megabytes per connection: 2,000 stalled streams took 1.5 GB there, more than the limit for all of TCP (tcp_mem), and every other
    // connection of the machine stood still.
    private const int NotSentLowWater = 64 << 10;

    private readonly Socket _socket;
    private readonly LoopSocket _watched;
    private readonly TransportContext _context;
    private readonly SocketBuffers _buffers;
    private ITunnelStream? _stream;

    // Set until the first read that gives a result. The end of what is written to the peer clears it too, since what follows is the peer's
    // answer to that.
    private IFirstReadObserver? _first;
    private volatile bool _readFailed;
    private volatile bool _writeFailed;
    private volatile bool _endOfFile;
    private volatile bool _parked;
    private volatile bool _failed;
    private StallClock _reading;
    private StallClock _writing;
    private int _membership;

    /// <summary>
    /// Wraps a connected socket, of which no asynchronous method may have been called. The caller sets its options (TCP_NODELAY,
    /// keep-alive).
    /// </summary>
    /// <param name="socket">The socket.</param>
    /// <param name="context">The state that the process's tunnels share.</param>
    /// <param name="first">Is told what the peer does first; may be null.</param>
    public SocketEndpoint(Socket socket, TransportContext context, IFirstReadObserver? first = null)
    {
        _first = first;
        _socket = socket;
        _watched = new LoopSocket(socket, this);
        _context = context;
        _buffers = new SocketBuffers(socket.SafeHandle);
        LimitSendQueue();
    }

    /// <inheritdoc/>
    public void Start(ITunnelStream stream) => _stream = stream;

    /// <inheritdoc/>
    public LocalReadStatus TryRead(Span<byte> buffer, out int count)
    {
        _parked = false;
        _reading.Stop();
        var status = Read(buffer, out count);
        if (_first is not null && status != LocalReadStatus.WouldBlock)
            Interlocked.Exchange(ref _first, null)?.OnFirstRead(status);
        return status;
    }

    private LocalReadStatus Read(Span<byte> buffer, out int count)
    {
        count = 0;
        if (_readFailed)
            return LocalReadStatus.Reset;
        var received = _watched.Receive(buffer);
        switch (received)
        {
            case > 0:
                count = received;
                return LocalReadStatus.Data;
            case NativeSocket.WouldBlock:
                return LocalReadStatus.WouldBlock;
            case 0 when !_writeFailed:
                // The peer may still reset.
                _endOfFile = true;
                WatchForReset();
                return LocalReadStatus.EndOfFile;
            default:
                // The kernel reports a reset once. A failed write has consumed that report, and after that the end of what was received
                // looks like a FIN.
                _readFailed = true;
                return LocalReadStatus.Reset;
        }
    }

    /// <inheritdoc/>
    public bool ArmRead()
    {
        _parked = false;
        return _watched.AwaitReadable();
    }

    /// <inheritdoc/>
    public void ParkRead()
    {
        _parked = true;
        NoteStall(ref _reading);
        WatchForReset();
    }

    /// <inheritdoc/>
    public int TryWrite(ReadOnlySpan<byte> data)
    {
        var sent = _watched.Send(data);
        if (sent != NativeSocket.Failed)
            return Math.Max(sent, 0);
        _writeFailed = true;
        return -1;
    }

    /// <inheritdoc/>
    public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data)
    {
        var sending = _watched.SendAllAsync(data);
        if (!sending.IsCompletedSuccessfully)
        {
            NoteStall(ref _writing);
            return FinishAsync(sending);
        }

        if (sending.Result)
            return new ValueTask<bool>(true);
        _writeFailed = true;
        return new ValueTask<bool>(false);
    }

    /// <inheritdoc/>
    public void ShutdownWrite()
    {
        _first = null;
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            _writeFailed = true;
        }
    }

    /// <inheritdoc/>
    public void Close()
    {
        LeaveHolders();
        _watched.Dispose();
    }

    /// <inheritdoc/>
    public void Reset(bool flush)
    {
        LeaveHolders();
        if (flush && !_writeFailed && Unacknowledged() > 0)
        {
            LingerThenAbandonAsync().Guard("resetting a socket");
        }
        else
        {
            SocketReset.Now(_socket);
            _watched.Abandon();
        }
    }

    TimeSpan ITcpMemoryHolder.StalledFor => TimeSpan.FromMilliseconds(Math.Max(_reading.Elapsed(_context), _writing.Elapsed(_context)));

    long ITcpMemoryHolder.HeldBytes => _buffers.Held;

    void ITcpMemoryHolder.SetSmallBuffers(bool small) => _buffers.SetSmall(small);

    void ITcpMemoryHolder.ResetForMemory() => _stream!.Reset(ResetReason.Overloaded);

    void ISocketOwner.OnReadable() => _stream!.NotifyReadable();

    // A reader finds a reset behind the data that was sent before it; but perhaps nobody is reading.
    void ISocketOwner.OnError()
    {
        _failed = true;
        if (_parked || _endOfFile)
            NotifyReset();
    }

    private void NoteStall(ref StallClock clock)
    {
        clock.Start(_context);
        if (Interlocked.CompareExchange(ref _membership, Known, Unknown) != Unknown)
            return;
        _context.TcpMemory.Add(this);
        if (Volatile.Read(ref _membership) == Closed)
            _context.TcpMemory.Remove(this);
    }

    private void LeaveHolders()
    {
        if (Interlocked.Exchange(ref _membership, Closed) == Known)
            _context.TcpMemory.Remove(this);
    }

    private void WatchForReset()
    {
        _watched.WatchErrors();
        if (_failed)
            NotifyReset();
    }

    private void NotifyReset()
    {
        // A FIN that was read already stays read: only the reset remains to be reported.
        if (_endOfFile)
            _readFailed = true;
        _stream!.NotifyLocalReset();
    }

    private async ValueTask<bool> FinishAsync(ValueTask<bool> sending)
    {
        var sent = await sending;
        _writing.Stop();
        if (!sent)
            _writeFailed = true;
        return sent;
    }

    private async Task LingerThenAbandonAsync()
    {
        await LingeringReset.RunAsync(_socket, _context.Time);
        _watched.Abandon();
    }

    private void LimitSendQueue()
    {
        try
        {
            NativeSocket.LimitUnsent(_socket, NotSentLowWater);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The socket is closed already, as the first read or write will show, or it is of another kind and has no such queue.
        }
    }

    private int Unacknowledged()
    {
        try
        {
            return NativeSocket.Unacknowledged(_socket.SafeHandle);
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }
}
