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
internal sealed class AdminListenerFactory(SocketStore sockets, DescriptorGuard descriptors, TimeProvider time, ILogger logger)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    // The kernel lowers it to net.core.somaxconn.
    private const int Backlog = int.MaxValue;

    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _leaving = new();

    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint or UnixDomainSocketEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(
            new AdminListener(Bind(endpoint), endpoint, _open.Task, _leaving.Token, descriptors, time, logger));

    /// <summary>Lets connections in. Those that came before have waited.</summary>
    public void Open() => _open.TrySetResult();

    /// <summary>Lets no more connections in, and leaves those that wait to the process that has the same sockets.</summary>
    public void Leave() => _leaving.Cancel();

    private Socket Bind(EndPoint endpoint)
    {
        try
        {
            if (endpoint is IPEndPoint place)
                return sockets.Listen(place, Backlog);
            var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(
                new UnixDomainSocketEndPoint(AdminSocketFile.BindingName(endpoint.ToString()!)));
            socket.Listen();
            return socket;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(e.Message, e);
        }
    }
}

/// <summary>One listening socket of the admin API.</summary>
internal sealed class AdminListener : IConnectionListener
{
    private readonly Socket _socket;
    private readonly Task _open;
    private readonly CancellationTokenSource _ending;
    private readonly DescriptorGuard _descriptors;
    private readonly DescriptorUse _use;
    private readonly SocketAcceptor _acceptor;
    private readonly SocketConnectionContextFactory _connections;
    private Task _accepting = Task.CompletedTask;

    public AdminListener(
        Socket socket, EndPoint endPoint, Task open, CancellationToken leaving, DescriptorGuard descriptors, TimeProvider time,
        ILogger logger)
    {
        _socket = socket;
        _open = open;
        // A Unix socket is not handed over: who connects before the next process has put its own in this one's place would wait in vain.
        _ending = CancellationTokenSource.CreateLinkedTokenSource(endPoint is UnixDomainSocketEndPoint ? CancellationToken.None : leaving);
        _descriptors = descriptors;
        EndPoint = endPoint is UnixDomainSocketEndPoint ? endPoint : socket.LocalEndPoint!;
        _use = EndPoint is UnixDomainSocketEndPoint ? DescriptorUse.Admin : DescriptorUse.Stranger;
        _acceptor = new SocketAcceptor(socket, descriptors, time, error => HostingLog.AdminAcceptFailed(logger, EndPoint, error.Message));
        _connections = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), logger);
    }

    public EndPoint EndPoint { get; }

    public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        var next = NextAsync();
        _accepting = next;
        return new(next);
    }

    // Closing a socket at which the runtime still waits sets its linger time to zero, and the next process may have the same socket.
    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        await _ending.CancelAsync();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _socket.Dispose();
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _ending.Dispose();
        _connections.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <returns>The next connection; null once no more are let in.</returns>
    private async Task<ConnectionContext?> NextAsync()
    {
        try
        {
            await _open.WaitAsync(_ending.Token);
            while (await _acceptor.AcceptAsync(_ending.Token).ConfigureAwait(false) is { } socket)
            {
                if (!_descriptors.IsOver(socket.SafeHandle, _use))
                {
                    if (_use != DescriptorUse.Admin)
                        socket.NoDelay = true;
                    return _connections.Create(socket);
                }

                socket.Dispose();
            }
        }
        catch (OperationCanceledException)
        {
        }

        return null;
    }
}
