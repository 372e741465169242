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

    /// <summary>Binds the port.</summary>
    /// <exception cref="OperatorException">The address does not belong to this machine, or the port is taken.</exception>
    public static TunnelListener Bind(string bindAddress, int port, DescriptorGuard descriptors, TimeProvider time, ILogger logger)
    {
        var address = IPAddress.Parse(bindAddress);
        if (address.Equals(IPAddress.IPv6Any) && !Socket.OSSupportsIPv6)
        {
            AcceptingLog.NoIPv6(logger, bindAddress);
            address = IPAddress.Any;
        }

        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = address.Equals(IPAddress.IPv6Any);
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(Backlog);
            return new TunnelListener(socket, descriptors, time, logger);
        }
        catch (SocketException e) when (address.Equals(IPAddress.IPv6Any) && e.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            // The kernel knows IPv6, but it is switched off (net.ipv6.conf.all.disable_ipv6).
            socket.Dispose();
            AcceptingLog.NoIPv6(logger, bindAddress);
            return Bind(IPAddress.Any.ToString(), port, descriptors, time, logger);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new OperatorException(
                $"bindAddress '{bindAddress}', tunnelPort {port}: {e.Message}. Valid: an address of this machine and a port that no "
                    + "other program has.",
                e);
        }
    }

    /// <summary>
    /// Accepts connections until <see cref="Dispose"/>. <paramref name="onAccepted"/> owns the socket and must not block.
    /// </summary>
    public async Task RunAsync(Action<Socket> onAccepted)
    {
        var acceptor = new SocketAcceptor(_socket, _descriptors, _time, OnFailed, _watch);
        while (await acceptor.AcceptAsync() is { } socket)
            onAccepted(socket);

        void OnFailed(SocketException error) => AcceptingLog.AcceptFailed(_logger, error.Message);
    }

    /// <summary>Closes the port.</summary>
    public void Dispose() => _socket.Dispose();
}
