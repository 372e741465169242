using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Sockets;

namespace Tunnel.Hub.Accepting;

/// <summary>Accepts TCP connections on the tunnel port and hands each one on, without waiting for the outcome.</summary>
internal sealed class TunnelListener : IDisposable
{
    private const int Backlog = 4096;
    private readonly Socket _socket;
    private readonly DescriptorGuard _descriptors;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly AcceptWatch _watch;
    private readonly CancellationTokenSource _ending = new();
    private Task _accepting = Task.CompletedTask;

    private TunnelListener(Socket socket, DescriptorGuard descriptors, TimeProvider time, ILogger logger)
    {
        _socket = socket;
        _descriptors = descriptors;
        _time = time;
        _logger = logger;
        _watch = new AcceptWatch(socket, time);
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    public IPEndPoint LocalEndPoint { get; }

    /// <summary>False when connections are waiting and nobody accepts them.</summary>
    public bool IsAccepting => _watch.IsTurning();

    /// <summary>Binds the port, unless the process before has left it bound.</summary>
    /// <exception cref="OperatorException">The address does not belong to this machine, or the port is taken.</exception>
    public static TunnelListener Bind(
        string bindAddress, int port, SocketStore sockets, DescriptorGuard descriptors, TimeProvider time, ILogger logger)
    {
        var address = IPAddress.Parse(bindAddress);
        if (address.Equals(IPAddress.IPv6Any) && !Socket.OSSupportsIPv6)
        {
            AcceptingLog.NoIPv6(logger, bindAddress);
            address = IPAddress.Any;
        }

        try
        {
            return new TunnelListener(sockets.Listen(new IPEndPoint(address, port), Backlog), descriptors, time, logger);
        }
        catch (SocketException e) when (address.Equals(IPAddress.IPv6Any) && e.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            // The kernel knows IPv6, but it is switched off (net.ipv6.conf.all.disable_ipv6).
            AcceptingLog.NoIPv6(logger, bindAddress);
            return Bind(IPAddress.Any.ToString(), port, sockets, descriptors, time, logger);
        }
        catch (SocketException e)
        {
            throw new OperatorException(
                $"bindAddress '{bindAddress}', tunnelPort {port}: {e.Message}. Valid: an address of this machine and a port that no "
                    + "other program has.",
                e);
        }
    }

    /// <summary>
    /// Accepts connections until <see cref="LeaveAsync"/>. <paramref name="onAccepted"/> owns the socket and must not block.
    /// </summary>
    public Task RunAsync(Action<Socket> onAccepted) => _accepting = AcceptAsync(onAccepted);

    /// <summary>
    /// Ends the accepting, and closes the port in this process; what waits there stays for the next process where that has the same socket.
    /// </summary>
    // Closing a socket at which the runtime still waits sets its linger time to zero, which the next process's connections would inherit.
    public async Task LeaveAsync()
    {
        await _ending.CancelAsync();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _socket.Dispose();
    }

    /// <summary>Closes the port.</summary>
    public void Dispose()
    {
        _socket.Dispose();
        _ending.Dispose();
    }

    private async Task AcceptAsync(Action<Socket> onAccepted)
    {
        try
        {
            var acceptor = new SocketAcceptor(_socket, _descriptors, _time, OnFailed, _watch);
            var ending = _ending.Token;
            while (await acceptor.AcceptAsync(ending) is { } socket)
                onAccepted(socket);
        }
        catch (OperationCanceledException)
        {
            // The connections that still wait are the next process's.
        }

        void OnFailed(SocketException error) => AcceptingLog.AcceptFailed(_logger, error.Message);
    }
}
