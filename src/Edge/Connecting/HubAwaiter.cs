using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Strangers;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Tls;

namespace Tunnel.Edge.Connecting;

/// <summary>
/// Waits for the hub where the hub dials. The port is on the Internet: whoever connects is a stranger, limited in number and time as at a
/// hub's port, until its certificate has the hub's pin; only then is it told the secret. A connection of the hub for which no tunnel is
/// wanted yet waits, within the stranger's time, until one is.
/// </summary>
internal sealed class HubAwaiter(
    IPAddress bindAddress, int listenPort, TlsTunnelDialer dialer, DescriptorGuard descriptors, TimeProvider time, ILogger logger)
    : IHubDialer, IDisposable
{
    private const int Backlog = 1024;

    // FailedTries counts pairs of address and edge, and here is one edge only.
    private const string Anybody = "";

    private readonly Lock _lock = new();
    private readonly StrangerRegistry _strangers = new(
        StrangerLimits.Of(StrangerLimits.Default.Total, StrangerLimits.Default.PerPrefix, StrangerLimits.Default.Timeout), time);

    private readonly FailedTries _wrongPins = new(time);
    private readonly LinkedList<Wish> _wishes = new();
    private readonly LinkedList<TaskCompletionSource<Wish>> _ready = new();
    private volatile DialRequest? _expected;
    private Socket? _listener;
    private AcceptWatch? _watch;
    private bool _isDisposed;

    /// <summary>False when connections are waiting and nobody accepts them.</summary>
    public bool IsAccepting => _watch?.IsTurning() ?? true;

    /// <summary>Waits until the hub has made a connection and answered on it.</summary>
    public async Task<DialResult> DialAsync(int port, DialRequest template, CancellationToken cancellationToken)
    {
        // Nobody is let in before it is known whose certificate is expected.
        _expected = template;
        if (Listen() is { } fault)
            return DialResult.Failed(
                DialFailureKind.Unreachable, $"port {listenPort} of {bindAddress}, where the hub is awaited, can't be bound: {fault}");
        var wish = new Wish(template);
        Make(wish);
        try
        {
            return await wish.Result.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await WithdrawAsync(wish);
            throw;
        }
    }

    /// <summary>Closes the port.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _listener?.Dispose();
        }

        _strangers.EndAll();
    }

    /// <returns>Why the port can't be bound; null when it is.</returns>
    private string? Listen()
    {
        lock (_lock)
        {
            if (_listener is not null || _isDisposed)
                return null;
            var socket = new Socket(bindAddress.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                if (bindAddress.AddressFamily == AddressFamily.InterNetworkV6)
                    socket.DualMode = bindAddress.Equals(IPAddress.IPv6Any);
                socket.Bind(new IPEndPoint(bindAddress, listenPort));
                socket.Listen(Backlog);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                return e.Message;
            }

            _listener = socket;
            _watch = new AcceptWatch(socket, time);
            AwaitingLog.Listening(logger, (IPEndPoint)socket.LocalEndPoint!);
            AcceptAsync(socket, _watch).Guard("accepting the hub's connections");
            return null;
        }
    }

    private async Task AcceptAsync(Socket listener, AcceptWatch watch)
    {
        var acceptor = new SocketAcceptor(
            listener, descriptors, time, error => AwaitingLog.AcceptFailed(logger, error.Message), watch);
        while (await acceptor.AcceptAsync() is { } socket)
            ServeAsync(socket).Guard("receiving a connection at the hub's port");
    }

    private async Task ServeAsync(Socket socket)
    {
        if (RemoteAddress.Of(socket) is not { } remote || _wrongPins.IsBlocked(remote.Address, Anybody)
            || descriptors.IsOver(socket.SafeHandle, DescriptorUse.Stranger))
        {
            socket.Dispose();
            return;
        }

        var stranger = _strangers.Enter(remote.Address, out var evicted);
        evicted?.GiveWay();
        Wish? wish = null;
        try
        {
            var result = await dialer.TakeAsync(
                socket,
                _expected! with { Address = remote },
                async limit =>
                {
                    wish = await NextAsync(limit);
                    return wish.Request;
                },
                stranger.Limit);
            if (wish is null)
                NoteStranger(remote, result.Failure!);
            else if (!wish.Result.TrySetResult(result) && result.Tunnel is { } late)
                await late.DisposeAsync();
        }
        catch (SocketException e)
        {
            // The connection was reset before its options could be set.
            socket.Dispose();
            AwaitingLog.NoHub(logger, remote, e.Message);
        }
        catch (OperationCanceledException)
        {
            AwaitingLog.NotInTime(logger, remote);
            wish?.Result.TrySetResult(DialResult.Failed(DialFailureKind.Timeout, $"the hub at {remote} did not answer in time"));
        }
        finally
        {
            if (_strangers.Leave(stranger))
                stranger.StopClock();
        }
    }

    private void NoteStranger(IPEndPoint remote, DialFailure failure)
    {
        if (failure.Kind != DialFailureKind.WrongCertificate)
            AwaitingLog.NoHub(logger, remote, failure.Message);
        else if (_wrongPins.AddFailure(remote.Address, Anybody))
            AwaitingLog.Blocked(logger, remote.Address, FailedTries.Period.TotalSeconds);
        else
            AwaitingLog.WrongCertificate(logger, remote, failure.Message);
    }

    /// <summary>Gives a wish to the newest connection that waits for one, or keeps it for the next.</summary>
    private void Make(Wish wish)
    {
        lock (_lock)
        {
            while (_ready.Last is { } newest)
            {
                _ready.RemoveLast();
                if (newest.Value.TrySetResult(wish))
                    return;
            }

            _wishes.AddLast(wish);
        }
    }

    private async Task WithdrawAsync(Wish wish)
    {
        lock (_lock)
            _wishes.Remove(wish);
        // A connection may have taken it: what it makes of it is not wanted any more.
        if (!wish.Result.TrySetCanceled(CancellationToken.None) && wish.Result.Task is { IsCompletedSuccessfully: true } made
            && (await made).Tunnel is { } tunnel)
            await tunnel.DisposeAsync();
    }

    private async Task<Wish> NextAsync(CancellationToken cancellationToken)
    {
        var ready = new TaskCompletionSource<Wish>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_wishes.First is { } first)
            {
                _wishes.RemoveFirst();
                return first.Value;
            }

            _ready.AddLast(ready);
        }

        using var giveUp = cancellationToken.UnsafeRegister(_ => ready.TrySetCanceled(cancellationToken), null);
        try
        {
            return await ready.Task;
        }
        finally
        {
            lock (_lock)
                _ready.Remove(ready);
        }
    }

    /// <summary>A tunnel that is wanted.</summary>
    private sealed class Wish(DialRequest request)
    {
        public DialRequest Request => request;

        public TaskCompletionSource<DialResult> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
