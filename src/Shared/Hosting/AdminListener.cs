using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// Makes the listeners of the admin API. Kestrel's own ones retry at once and for ever when there is no descriptor for a connection, which
/// keeps a core busy, fills the memory with exceptions, and takes descriptors that others need.
/// </summary>
internal sealed class AdminListenerFactory(DescriptorGuard descriptors, TimeProvider time, ILogger logger)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint or UnixDomainSocketEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket socket;
        try
        {
            socket = SocketTransportOptions.CreateDefaultBoundListenSocket(
                endpoint is UnixDomainSocketEndPoint path
                    ? new UnixDomainSocketEndPoint(AdminSocketFile.BindingName(path.ToString()))
                    : endpoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(e.Message, e);
        }

        socket.Listen();
        return ValueTask.FromResult<IConnectionListener>(new AdminListener(socket, endpoint, descriptors, time, logger));
    }
}

/// <summary>One listening socket of the admin API.</summary>
internal sealed class AdminListener : IConnectionListener
{
    private readonly Socket _socket;
    private readonly DescriptorGuard _descriptors;
    private readonly DescriptorUse _use;
    private readonly SocketAcceptor _acceptor;
    private readonly SocketConnectionContextFactory _connections;

    public AdminListener(Socket socket, EndPoint endPoint, DescriptorGuard descriptors, TimeProvider time, ILogger logger)
    {
        _socket = socket;
        _descriptors = descriptors;
        EndPoint = endPoint is UnixDomainSocketEndPoint ? endPoint : socket.LocalEndPoint!;
        _use = EndPoint is UnixDomainSocketEndPoint ? DescriptorUse.Admin : DescriptorUse.Stranger;
        _acceptor = new SocketAcceptor(socket, descriptors, time, error => HostingLog.AdminAcceptFailed(logger, EndPoint, error.Message));
        _connections = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), logger);
    }

    public EndPoint EndPoint { get; }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _acceptor.AcceptAsync(cancellationToken).ConfigureAwait(false) is { } socket)
        {
            if (!_descriptors.IsOver(socket.SafeHandle, _use))
            {
                if (_use != DescriptorUse.Admin)
                    socket.NoDelay = true;
                return _connections.Create(socket);
            }

            socket.Dispose();
        }

        return null;
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _connections.Dispose();
        return ValueTask.CompletedTask;
    }
}
