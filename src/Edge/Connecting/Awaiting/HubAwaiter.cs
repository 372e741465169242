using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Strangers;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Tls;
using Tunnel.Shared.Transport.Tls.Connections;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Edge.Connecting.Awaiting;

/// <summary>
/// Waits for the hub where the hub dials. The port is on the Internet: whoever connects is a stranger, limited in number and time as at a
/// hub's port, until its certificate has the hub's pin; only then is it told the secret. A connection of the hub that is not wanted yet
/// waits, within the stranger's time, until it is.
/// </summary>
internal sealed class HubAwaiter : IHubDialer, ITlsConnector, IDisposable
{
    private const int Backlog = 1024;

    // FailedTries counts pairs of address and edge, and here is one edge only.
    private const string Anybody = "";

    private readonly Lock _lock = new();
    private readonly IPAddress _bindAddress;
    private readonly int _port;
    private readonly TlsTunnelDialer _dialer;
    private readonly DescriptorGuard _descriptors;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly StrangerRegistry _strangers;
    private readonly FailedTries _wrongPins;
    private readonly Rendezvous<TlsConnection> _rendezvous;
    private volatile DialRequest? _expected;
    private Socket? _listener;
    private AcceptWatch? _watch;
    private bool _isDisposed;

    /// <summary>Listens once the first connection is wanted.</summary>
    /// <param name="bindAddress">Where to listen.</param>
    /// <param name="port">The port.</param>
    /// <param name="context">The state that tunnels share.</param>
    /// <param name="descriptors">Decides whether there are descriptors for strangers.</param>
    /// <param name="logger">The log.</param>
    public HubAwaiter(IPAddress bindAddress, int port, TransportContext context, DescriptorGuard descriptors, ILogger logger)
    {
        (_bindAddress, _port, _descriptors, _time, _logger) = (bindAddress, port, descriptors, context.Time, logger);
        _dialer = new TlsTunnelDialer(context, this);
        _strangers = new StrangerRegistry(
            StrangerLimits.Of(StrangerLimits.Default.Total, StrangerLimits.Default.PerPrefix, StrangerLimits.Default.Timeout), _time);
        _wrongPins = new FailedTries(_time);
        _rendezvous = new Rendezvous<TlsConnection>(count => Asking?.Invoke(count), () => Unexpected?.Invoke(), _time);
    }

    /// <summary>Asks the hub for so many connections, over a tunnel that works. Without one the hub comes by itself.</summary>
    public event Action<int>? Asking;

    /// <summary>The hub has made a connection that nobody had asked for: it may have lost a tunnel that seems well here.</summary>
    public event Action? Unexpected;

    /// <summary>False when connections are waiting and nobody accepts them.</summary>
    public bool IsAccepting => _watch?.IsTurning() ?? true;

    /// <summary>Waits until the hub has made a connection and answered on it.</summary>
    public Task<DialResult> DialAsync(int port, DialRequest template, CancellationToken cancellationToken) =>
        _dialer.DialAsync(template, cancellationToken);

    /// <summary>Waits until the hub has made a connection.</summary>
    public Task<(TlsConnection? Connection, DialResult? Failure)> ConnectAsync(
        DialRequest request, CancellationToken cancellationToken) => WaitAsync(request, isNew: false, cancellationToken);

    /// <summary>Asks the hub for a connection that it has not made yet.</summary>
    /// <returns>Why there was none; null when there was one, and then it is closed again.</returns>
    public async Task<string?> ProbeAsync(DialRequest request, CancellationToken cancellationToken)
    {
        var (connection, failure) = await WaitAsync(request, isNew: true, cancellationToken);
        if (connection is not null)
            await connection.DisposeAsync();
        return failure?.Failure!.Message;
    }

    /// <summary>Closes the port.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _listener?.Dispose();
        }

        _rendezvous.Dispose();
        _strangers.EndAll();
    }

    private async Task<(TlsConnection? Connection, DialResult? Failure)> WaitAsync(
        DialRequest request, bool isNew, CancellationToken cancellationToken)
    {
        // Nobody is let in before it is known whose certificate is expected.
        _expected = request;
        return Listen() is { } fault
            ? (null, DialResult.Failed(
                DialFailureKind.Unreachable, $"port {_port} of {_bindAddress}, where the hub is awaited, can't be bound: {fault}"))
            : (await _rendezvous.WantAsync(isFirst: request.Hello.Lane is null, isNew, cancellationToken), null);
    }

    /// <returns>Why the port can't be bound; null when it is.</returns>
    private string? Listen()
    {
        lock (_lock)
        {
            if (_listener is not null || _isDisposed)
                return null;
            var socket = new Socket(_bindAddress.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                if (_bindAddress.AddressFamily == AddressFamily.InterNetworkV6)
                    socket.DualMode = _bindAddress.Equals(IPAddress.IPv6Any);
                socket.Bind(new IPEndPoint(_bindAddress, _port));
                socket.Listen(Backlog);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                return e.Message;
            }

            _listener = socket;
            _watch = new AcceptWatch(socket, _time);
            AwaitingLog.Listening(_logger, (IPEndPoint)socket.LocalEndPoint!);
            AcceptAsync(socket, _watch).Guard("accepting the hub's connections");
            return null;
        }
    }

    private async Task AcceptAsync(Socket listener, AcceptWatch watch)
    {
        var acceptor = new SocketAcceptor(
            listener, _descriptors, _time, error => AwaitingLog.AcceptFailed(_logger, error.Message), watch);
        while (await acceptor.AcceptAsync() is { } socket)
            ServeAsync(socket, _rendezvous.Arrive()).Guard("receiving a connection at the hub's port");
    }

    private async Task ServeAsync(Socket socket, long number)
    {
        if (RemoteAddress.Of(socket) is not { } remote || _wrongPins.IsBlocked(remote.Address, Anybody)
            || _descriptors.IsOver(socket.SafeHandle, DescriptorUse.Stranger))
        {
            socket.Dispose();
            return;
        }

        var stranger = _strangers.Enter(remote.Address, out var evicted);
        evicted?.GiveWay();
        TlsConnection? connection = null;
        try
        {
            (connection, var failure) =
                await TlsHandshake.SecureAsync(socket, _expected! with { Address = remote }, _time, stranger.Limit);
            if (connection is null)
            {
                NoteStranger(remote, failure!.Failure!);
                return;
            }

            await _rendezvous.OfferAsync(connection, number, stranger.Limit);
            connection = null;
        }
        catch (SocketException e)
        {
            // The connection was reset before its options could be set.
            socket.Dispose();
            AwaitingLog.NoHub(_logger, remote, e.Message);
        }
        catch (OperationCanceledException)
        {
            AwaitingLog.NotInTime(_logger, remote);
        }
        finally
        {
            if (connection is not null)
                await connection.DisposeAsync();
            if (_strangers.Leave(stranger))
                stranger.StopClock();
        }
    }

    private void NoteStranger(IPEndPoint remote, DialFailure failure)
    {
        if (failure.Kind != DialFailureKind.WrongCertificate)
            AwaitingLog.NoHub(_logger, remote, failure.Message);
        else if (_wrongPins.AddFailure(remote.Address, Anybody))
            AwaitingLog.Blocked(_logger, remote.Address, FailedTries.Period.TotalSeconds);
        else
            AwaitingLog.WrongCertificate(_logger, remote, failure.Message);
    }
}
