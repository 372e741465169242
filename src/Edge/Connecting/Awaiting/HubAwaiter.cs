using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol.Addresses;
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

    private readonly Lock _lock = new();
    private readonly IPAddress _bindAddress;
    private readonly int _port;
    private readonly TlsTunnelDialer _dialer;
    private readonly DescriptorGuard _descriptors;
    private readonly SocketStore _sockets;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly StrangerRegistry _strangers;
    private readonly AwaitedStrangers _notes;
    private readonly Rendezvous<TlsConnection> _rendezvous;
    private volatile DialRequest? _expected;
    private Socket? _listener;
    private AcceptWatch? _watch;
    private CancellationTokenSource _pausing = new();
    private Task _accepting = Task.CompletedTask;
    private bool _isDisposed;

    /// <summary>Listens once the first connection is wanted.</summary>
    /// <param name="bindAddress">Where to listen.</param>
    /// <param name="port">The port.</param>
    /// <param name="allowed">Who may connect; null: anybody.</param>
    /// <param name="sockets">Where the process before may have left the port, and where it is left to the next one.</param>
    /// <param name="context">The state that tunnels share.</param>
    /// <param name="descriptors">Decides whether there are descriptors for strangers.</param>
    /// <param name="logger">The log.</param>
    public HubAwaiter(
        IPAddress bindAddress, int port, CidrSet? allowed, SocketStore sockets, TransportContext context, DescriptorGuard descriptors,
        ILogger logger)
    {
        (_bindAddress, _port, _sockets, _descriptors) = (bindAddress, port, sockets, descriptors);
        (_time, _logger) = (context.Time, logger);
        _dialer = new TlsTunnelDialer(context, this);
        _strangers = new StrangerRegistry(
            StrangerLimits.Of(StrangerLimits.Default.Total, StrangerLimits.Default.PerPrefix, StrangerLimits.Default.Timeout), _time);
        _notes = new AwaitedStrangers(allowed, _strangers, descriptors, _time, logger);
        _rendezvous = new Rendezvous<TlsConnection>(count => Asking?.Invoke(count), () => Unexpected?.Invoke(), _time);
    }

    /// <summary>Asks the hub for so many connections, over a tunnel that works. Without such a tunnel the hub comes by itself.</summary>
    public event Action<int>? Asking;

    /// <summary>
    /// Raised when the hub has made a connection that nobody had asked for: it may have lost a tunnel that seems well here.
    /// </summary>
    public event Action? Unexpected;

    /// <summary>Counts what came to the port and was none of the hub's.</summary>
    public StrangerCounters Strangers => _notes.Counters;

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
        await using var closed = connection;
        return failure?.Failure!.Message;
    }

    /// <summary>
    /// Accepts nothing until <see cref="Resume"/>, so that the hub's connections are another process's that has the same socket; the hub
    /// is asked for one all the time.
    /// </summary>
    public async Task PauseAsync()
    {
        await _pausing.CancelAsync();
        await _accepting;
        lock (_lock)
        {
            if (!_isDisposed)
                AskAsync(_pausing = new CancellationTokenSource()).Guard("asking for a connection of another process");
        }
    }

    /// <summary>Accepts again.</summary>
    public void Resume()
    {
        lock (_lock)
        {
            _pausing.Cancel();
            _pausing = new CancellationTokenSource();
            if (_listener is { } listener && !_isDisposed)
                Accept(listener);
        }
    }

    /// <summary>Ends and leaves the port open for the next process.</summary>
    // As with clients' ports, the loop ends before the socket is closed: the next process has the same one.
    public async Task LeaveAsync()
    {
        await PauseAsync();
        Dispose();
    }

    /// <summary>Closes the port for good.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (_listener is { } listener && !_isDisposed)
                _sockets.Forget(listener);
        }

        Dispose();
    }

    /// <summary>Closes the socket, which stays with whoever else has it.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _listener?.Dispose();
            _pausing.Cancel();
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
            Socket socket;
            try
            {
                socket = _sockets.Listen(new IPEndPoint(_bindAddress, _port), Backlog);
            }
            catch (SocketException e)
            {
                return e.Message;
            }

            _listener = socket;
            _watch = new AcceptWatch(socket, _time);
            AwaitingLog.Listening(_logger, (IPEndPoint)socket.LocalEndPoint!);
            Accept(socket);
            return null;
        }
    }

    // Called under the lock. The loop runs on another thread, since connections may be waiting already.
    private void Accept(Socket listener)
    {
        var (watch, pausing) = (_watch!, _pausing.Token);
        _accepting = Task.Run(() => AcceptAsync(listener, watch, pausing), CancellationToken.None);
        _accepting.Guard("accepting the hub's connections");
    }

    private async Task AcceptAsync(Socket listener, AcceptWatch watch, CancellationToken pausing)
    {
        var acceptor = new SocketAcceptor(
            listener, _descriptors, _time, error => AwaitingLog.AcceptFailed(_logger, error.Message), watch);
        try
        {
            while (await acceptor.AcceptAsync(pausing) is { } socket)
                ServeAsync(socket, _rendezvous.Arrive()).Guard("receiving a connection at the hub's port");
        }
        catch (OperationCanceledException)
        {
            // The connections that come are to wait, or are another process's.
        }
    }

    // Nothing comes here meanwhile, so that this wish is never met; it is told to the hub until another process serves or has failed.
    private async Task AskAsync(CancellationTokenSource asking)
    {
        try
        {
            await using var connection = await _rendezvous.WantAsync(isFirst: false, isNew: true, asking.Token);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task ServeAsync(Socket socket, long number)
    {
        // Whoever may not be here costs a socket for a moment, and no TLS.
        if (RemoteAddress.Of(socket) is not { } remote || !_notes.MayBeSpokenTo(remote.Address, socket))
        {
            socket.Dispose();
            return;
        }

        var stranger = _strangers.Enter(remote.Address, out var evicted);
        evicted?.GiveWay();
        var (connection, isHub) = ((TlsConnection?)null, false);
        try
        {
            (connection, var failure) =
                await TlsHandshake.SecureAsync(socket, _expected! with { Address = remote }, _time, stranger.Limit);
            if (connection is null)
            {
                _notes.NoteRefused(remote, failure!.Failure!);
                return;
            }

            // Whoever has the hub's pin is no stranger any more: it waits its time, and gives way to nobody.
            isHub = _strangers.Leave(stranger);
            await _rendezvous.OfferAsync(connection, number, stranger.Limit);
            connection = null;
        }
        catch (SocketException e)
        {
            // The connection was reset before its options could be set.
            socket.Dispose();
            _notes.NoteNoHub(remote, e.Message);
        }
        catch (OperationCanceledException) when (isHub && !stranger.Limit.IsCancellationRequested)
        {
            // It is given back to the hub, for a new one or since this edge stops.
        }
        catch (OperationCanceledException)
        {
            _notes.NoteNotInTime(remote);
        }
        finally
        {
            if (connection is not null)
                await connection.DisposeAsync();
            if (isHub || _strangers.Leave(stranger))
                stranger.StopClock();
        }
    }
}
