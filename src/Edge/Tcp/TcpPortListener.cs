using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Endpoints;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Sockets;

namespace Tunnel.Edge.Tcp;

/// <summary>Serves one TCP port: accepts clients and hands them over.</summary>
internal sealed class TcpPortListener : IBoundPort
{
    /// <summary>How many connections the kernel completes while we are busy; it lowers this to net.core.somaxconn.</summary>
    private const int Backlog = 4096;

    /// <summary>
    /// How many clients are accepted without waiting before the thread is given back: it may be the socket engine's, and other sockets need
    /// it.
    /// </summary>
    private const int MaxAcceptsInARow = 32;

    private readonly Socket _socket;
    private readonly SocketStore _sockets;
    private readonly PortConnections _connections;
    private readonly ClientHandover _handover;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly AcceptWatch _watch;
    private CancellationTokenSource _pausing = new();
    private volatile bool _hasFailed;
    private Task _accepting = Task.CompletedTask;

    private TcpPortListener(
        Socket socket, SocketStore sockets, PortConnections connections, ClientHandover handover, TimeProvider time, ILogger logger)
    {
        (_socket, _sockets, _connections, _handover, _time, _logger) = (socket, sockets, connections, handover, time, logger);
        _watch = new AcceptWatch(socket, time);
    }

    public int Active => _connections.Active;

    public string? Fault => _hasFailed ? "its accept loop has ended"
        : _watch.IsTurning() ? null
        : $"clients wait, and none was accepted for {AcceptWatch.Limit.TotalSeconds:0} s";

    /// <summary>The port that was bound: the kernel's choice when 0 was requested.</summary>
    internal int LocalPort => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>Binds <paramref name="endPoint"/>, unless the process before has left it bound, and starts to accept.</summary>
    /// <exception cref="SocketException">The address can't be bound.</exception>
    public static TcpPortListener Open(
        IPEndPoint endPoint, SocketStore sockets, PortConnections connections, ClientHandover handover, TimeProvider time, ILogger logger)
    {
        var socket = sockets.Listen(endPoint, Backlog, fresh =>
        {
            handover.Descriptors.Check(fresh);
            Configure(fresh);
        });
        var listener = new TcpPortListener(socket, sockets, connections, handover, time, logger);
        listener.Start();
        return listener;
    }

    public int Reset(Func<IPAddress, bool> which) => _connections.ResetWhere(which);

    public void Update(EdgePortPolicy policy) => _connections.Admission.Policy = policy;

    public PortStatistics GetStatistics() => _connections.Admission.GetStatistics(_connections.GetBytes());

    public void Close(TimeSpan drain)
    {
        _sockets.Forget(_socket);
        _socket.Dispose();
        ResetRemainingAsync(drain).Guard("ending the drain of a TCP port");
    }

    /// <inheritdoc/>
    // Closing a socket at which the runtime still waits sets its linger time to zero. The next process has the same socket, and its clients
    // would be reset where they are to be closed. So the loop ends first.
    public async Task LeaveAsync()
    {
        await PauseAsync();
        _socket.Dispose();
    }

    public async Task PauseAsync()
    {
        await _pausing.CancelAsync();
        await _accepting;
    }

    public void Resume()
    {
        _pausing = new CancellationTokenSource();
        Start();
    }

    // The loop runs on another thread, because clients may be waiting already and the caller holds a lock.
    private void Start()
    {
        var pausing = _pausing.Token;
        _accepting = Task.Run(() => AcceptAsync(pausing));
        _accepting.Guard("accepting at a TCP port");
    }

    private static void Configure(Socket socket)
    {
        // On Linux, accepted sockets inherit these options, which saves four system calls for each client.
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 60);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 15);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 4);
    }

    private async Task AcceptAsync(CancellationToken pausing)
    {
        try
        {
            var acceptor = new SocketAcceptor(_socket, _handover.Descriptors, _time, OnAcceptFailed, _watch);
            var inARow = 0;
            while (true)
            {
                if (++inARow > MaxAcceptsInARow)
                {
                    inARow = 0;
                    await Task.Yield();
                }

                var accept = acceptor.AcceptAsync(pausing);
                if (!accept.IsCompleted)
                    inARow = 0;
                if (await accept is not { } client)
                    return;
                _handover.Take(client, _connections);
            }
        }
        catch (OperationCanceledException)
        {
            // The clients are to wait.
        }
        catch (Exception e)
        {
            _hasFailed = true;
            TcpLog.AcceptLoopFaulted(_logger, _connections.Key, e);
            _socket.Dispose();
        }
    }

    private void OnAcceptFailed(SocketException failure)
    {
        if (failure.SocketErrorCode == SocketError.TooManyOpenSockets)
            _handover.OnDescriptorsGone();
        TcpLog.AcceptFailed(_logger, _connections.Key, failure.Message, SocketAcceptor.Pause.TotalSeconds);
    }

    private async Task ResetRemainingAsync(TimeSpan drain)
    {
        if (drain == Timeout.InfiniteTimeSpan)
            return;
        if (drain > TimeSpan.Zero && _connections.Active > 0)
            await Task.Delay(drain, _time);
        if (_connections.Active > 0 && _connections.ResetAll() is > 0 and int count)
            TcpLog.DrainTimedOut(_logger, _connections.Key, count);
    }
}
