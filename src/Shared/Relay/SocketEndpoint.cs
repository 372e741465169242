using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Tunnel.Shared.Transport;

namespace Tunnel.Shared.Relay;

/// <summary>A connected TCP socket, the client's or the upstream's, as a stream's local end. Owns the socket.</summary>
public sealed class SocketEndpoint : ILocalEndpoint, ISweepable
{
    // Protocol and option numbers of tcp(7).
    private const int Tcp = 6;
    private const int TcpNotSentLowWater = 25;

    // A peer that does not read must cost our budget, which is bounded, and not the kernel's send queue, which grows to megabytes each: 2,000 stalled
    // streams took 1.5 GB there, more than the limit for all of TCP (tcp_mem), and every other connection of the machine stood still.
    private const int NotSentLowWater = 64 << 10;

    private readonly Socket _socket;
    private readonly TransportContext _context;
    private readonly Action _onReadable;
    private ITunnelStream? _stream;
    private ValueTaskAwaiter<int> _pendingRead;
    private volatile bool _readFailed;
    private volatile bool _writeFailed;
    private volatile bool _endOfFile;
    private volatile bool _parked;
    private volatile bool _closed;
    private int _armed;
    private int _swept;

    /// <summary>Wraps a connected socket. Options (TCP_NODELAY, keep-alive) are the caller's.</summary>
    public SocketEndpoint(Socket socket, TransportContext context)
    {
        _socket = socket;
        _context = context;
        _onReadable = OnReadable;
        LimitSendQueue();
    }

    /// <inheritdoc/>
    public void Start(ITunnelStream stream) => _stream = stream;

    /// <inheritdoc/>
    public LocalReadStatus TryRead(Span<byte> buffer, out int count)
    {
        count = 0;
        _parked = false;
        if (_readFailed) return LocalReadStatus.Reset;
        int received;
        try
        {
            received = NativeSocket.Receive(_socket.SafeHandle, buffer);
        }
        catch (ObjectDisposedException)
        {
            return LocalReadStatus.Reset;
        }

        switch (received)
        {
            case > 0:
                count = received;
                return LocalReadStatus.Data;
            case NativeSocket.WouldBlock:
                return LocalReadStatus.WouldBlock;
            case 0 when !_writeFailed:
                // The peer may still reset; nothing but a look now and then tells.
                _endOfFile = true;
                StartSweeping();
                return LocalReadStatus.EndOfFile;
            default:
                // The kernel reports a reset once. A failed write has taken it, and after that the end of what was received looks like a FIN.
                _readFailed = true;
                return LocalReadStatus.Reset;
        }
    }

    /// <inheritdoc/>
    public bool ArmRead()
    {
        _parked = false;

        // A failed write makes the stream look for what is left to read while a wait is still under way; that one will end too.
        if (Interlocked.Exchange(ref _armed, 1) == 1) return false;
        ValueTaskAwaiter<int> awaiter;
        try
        {
            // No buffer is held while the connection is idle.
            awaiter = _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None).GetAwaiter();
        }
        catch (ObjectDisposedException)
        {
            _readFailed = true;
            Volatile.Write(ref _armed, 0);
            return true;
        }

        if (awaiter.IsCompleted)
        {
            EndRead(awaiter);
            Volatile.Write(ref _armed, 0);
            return true;
        }

        _pendingRead = awaiter;
        awaiter.UnsafeOnCompleted(_onReadable);
        return false;
    }

    /// <inheritdoc/>
    public void ParkRead()
    {
        _parked = true;
        StartSweeping();
    }

    /// <inheritdoc/>
    public int TryWrite(ReadOnlySpan<byte> data)
    {
        try
        {
            var sent = NativeSocket.Send(_socket.SafeHandle, data);
            if (sent != NativeSocket.Failed) return Math.Max(sent, 0);
        }
        catch (ObjectDisposedException)
        {
        }

        _writeFailed = true;
        return -1;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data)
    {
        try
        {
            while (!data.IsEmpty) data = data[await _socket.SendAsync(data, SocketFlags.None)..];
            return true;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            _writeFailed = true;
            return false;
        }
    }

    /// <inheritdoc/>
    public void ShutdownWrite()
    {
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
        _closed = true;
        _socket.Dispose();
    }

    /// <inheritdoc/>
    public void Reset(bool flush)
    {
        _closed = true;
        if (flush && !_writeFailed && Unacknowledged() > 0) _ = LingeringReset.RunAsync(_socket, _context.Time);
        else LingeringReset.Now(_socket);
    }

    bool ISweepable.Sweep()
    {
        if (_closed || !(_parked || _endOfFile))
        {
            Interlocked.Exchange(ref _swept, 0);

            // It may have been parked in between, and found itself swept.
            return !_closed && (_parked || _endOfFile) && Interlocked.Exchange(ref _swept, 1) == 0;
        }

        try
        {
            if (!_socket.Poll(0, SelectMode.SelectError)) return true;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }

        // A FIN that was read already stays read: the reset is all that is left to tell.
        if (_endOfFile) _readFailed = true;
        _stream!.NotifyLocalReset();
        return false;
    }

    private void StartSweeping()
    {
        if (Interlocked.Exchange(ref _swept, 1) == 0) _context.Sweeper.Add(this);
    }

    private void OnReadable()
    {
        EndRead(_pendingRead);
        Volatile.Write(ref _armed, 0);
        _stream!.NotifyReadable();
    }

    // FIN and RST end a zero-byte receive alike; the next real one tells them apart, except for an error that was thrown here.
    private void EndRead(ValueTaskAwaiter<int> awaiter)
    {
        try
        {
            awaiter.GetResult();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            _readFailed = true;
        }
    }

    private void LimitSendQueue()
    {
        try
        {
            _socket.SetRawSocketOption(Tcp, TcpNotSentLowWater, BitConverter.GetBytes(NotSentLowWater));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Closed already: the first read or write tells. A socket of another kind has no such queue.
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
