using Microsoft.Extensions.Logging;
using Tunnel.Edge.Admission;
using Tunnel.Edge.Listening;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Udp;

/// <summary>One UDP port: receives datagrams and gives each to its session.</summary>
internal sealed class UdpPort : IBoundPort
{
    /// <summary>Datagrams received before the thread is given back: it may be the socket engine's, and other sockets wait for it.</summary>
    private const int BatchSize = 64;

    /// <summary>The largest UDP datagram and a byte.</summary>
    private const int BufferSize = 65536;

    /// <summary>A datagram is received and copied into the tunnel without an await in between, so one buffer a thread serves all ports.</summary>
    [ThreadStatic]
    private static byte[]? _buffer;

    private readonly IDatagramSocket _socket;
    private readonly PortAdmission _admission;
    private readonly UdpSessions _sessions;
    private readonly ILogger _logger;
    private long _bytesIn;
    private long _bytesOut;

    private UdpPort(IDatagramSocket socket, PortAdmission admission, UdpSessions sessions, ILogger logger) =>
        (_socket, _admission, _sessions, _logger) = (socket, admission, sessions, logger);

    /// <summary>The port's number.</summary>
    public int Number => _socket.LocalPort;

    public int Active => _admission.Active;

    public PortAdmission Admission => _admission;

    /// <summary>Starts to serve a bound socket, which is this port's from now on.</summary>
    public static UdpPort Start(IDatagramSocket socket, PortAdmission admission, UdpSessions sessions, ILogger logger)
    {
        var port = new UdpPort(socket, admission, sessions, logger);
        _ = Task.Run(port.ReceiveAsync);
        return port;
    }

    public bool TrySend(ReadOnlySpan<byte> payload, in DatagramPath path)
    {
        if (!_socket.TrySend(payload, path))
            return false;
        Interlocked.Add(ref _bytesOut, payload.Length);
        return true;
    }

    /// <summary>A flow has no end of its own: those that the policy lets in no more are ended.</summary>
    public void Update(EdgePortPolicy policy)
    {
        _admission.Policy = policy;
        if (policy.HasLists)
            _sessions.EndDenied(this);
    }

    public PortStatistics GetStatistics() => PortStatistics.Of(_admission, (Volatile.Read(ref _bytesIn), Volatile.Read(ref _bytesOut)));

    /// <summary>Without connections there is nothing to drain: a flow has no end of its own that could be waited for.</summary>
    public void Close(TimeSpan drain)
    {
        _socket.Dispose();
        _sessions.EndPort(this);
    }

    private async Task ReceiveAsync()
    {
        try
        {
            while (await _socket.WaitReadableAsync())
                if (ReceiveBatch() == BatchSize)
                    await Task.Yield();
        }
        catch (Exception e)
        {
            _logger.ReceiveLoopFaulted(PortKey.Udp(Number), e);
            _socket.Dispose();
        }
    }

    private int ReceiveBatch()
    {
        byte[] buffer = _buffer ??= GC.AllocateUninitializedArray<byte>(BufferSize);
        int received = 0;
        while (received < BatchSize && _socket.TryReceive(buffer, out int length, out DatagramPath path))
        {
            received++;
            // Only this loop writes it.
            Volatile.Write(ref _bytesIn, _bytesIn + length);
            _sessions.Forward(this, path, buffer.AsSpan(0, length));
        }

        return received;
    }
}
