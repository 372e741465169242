using System.Net;
using System.Net.Sockets;
using Tunnel.Hub.Forwarding.Shares;
using Tunnel.Hub.Targets;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Sockets;

namespace Tunnel.Hub.Forwarding;

/// <summary>
/// A session's socket, and where it leads: an upstream that refuses is sought at the name's other addresses, then where the name leads by
/// now.
/// </summary>
internal abstract class MovingUpstream(SessionForwarder forwarder, ConnectionEntry entry) : SharedSession, IDatagramReplies
{
    // A service that is down refuses each datagram: its addresses are gone through, and its name is asked for, at this pace.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private ConnectedDatagrams? _socket;
    private IPAddress? _target;
    private uint _overflows;
    private long _lookedAt;

    public ConnectionEntry Entry => entry;

    public PortRoute Route => entry.Route;

    protected SessionForwarder Forwarder => forwarder;

    protected Lock Sync { get; } = new();

    /// <summary>Null before the upstream's address is known.</summary>
    protected ConnectedDatagrams? Socket => Volatile.Read(ref _socket);

    /// <summary>With the lock held.</summary>
    protected bool IsClosed { get; private set; }

    /// <summary>Gives the session its upstream.</summary>
    /// <param name="addresses">The upstream's, at least one.</param>
    public void Connect(IPAddress[] addresses)
    {
        if (
            forwarder.Targets.Open(addresses, Route.TargetPort, this, out var socket, out var failure) is { } target
            && Use(socket!, target))
            return;
        forwarder.NoteFailure(entry, failure);
        forwarder.End((ForwardedSession)this, ReasonCounters<SessionFailure>.NameOf(failure));
    }

    /// <summary>Closes the socket.</summary>
    public void Close()
    {
        lock (Sync)
        {
            if (IsClosed)
                return;
            OnClosedLocked();
            NoteOverflowsLocked();
            IsClosed = true;
            _socket?.Dispose();
        }
    }

    public abstract void OnReply(ReadOnlySpan<byte> datagram);

    public abstract void OnBatchEnd();

    public void OnError(ConnectedDatagrams socket, SocketError error)
    {
        forwarder.NoteFailure(entry, Classify(error));

        // One that it has left says nothing any more.
        if (error is not (
            SocketError.ConnectionRefused or SocketError.HostUnreachable or SocketError.NetworkUnreachable) || socket != Socket)
            return;
        forwarder.Targets.NoteRefused(_target!, Route.TargetPort);
        LookAgain(wasRefused: true, Pause);
    }

    /// <summary>The socket is there, and is used by others when this returns.</summary>
    protected abstract void OnConnectedLocked(ConnectedDatagrams socket);

    protected abstract void OnClosedLocked();

    /// <summary>The upstream sent faster than this process could read.</summary>
    protected void NoteOverflowsLocked()
    {
        if (_socket is null || IsClosed)
            return;
        var overflows = _socket.Overflows;
        if (overflows > _overflows)
            forwarder.NoteFailure(entry, SessionFailure.ReceiveOverflow, (int)(overflows - _overflows));
        _overflows = overflows;
    }

    /// <summary>Asks where the upstream is, unless it did so within <paramref name="pause"/>, and goes there.</summary>
    protected void LookAgain(bool wasRefused, TimeSpan pause)
    {
        var now = forwarder.Time.GetTimestamp();
        if (_lookedAt != 0 && forwarder.Time.GetElapsedTime(_lookedAt, now) < pause)
            return;
        _lookedAt = now;
        if (forwarder.Targets.TryResolve(Route.TargetHost, out var addresses))
            Move(addresses, wasRefused);
        else
            _ = LookUpAsync(wasRefused);
    }

    private async Task LookUpAsync(bool wasRefused) => Move(await forwarder.Targets.ResolveAsync(Route.TargetHost), wasRefused);

    private void Move(IPAddress[] addresses, bool wasRefused)
    {
        // No answer says nothing of where the upstream is.
        if (addresses.Length == 0 || (!wasRefused && addresses.Contains(_target)))
            return;
        var best = forwarder.Targets.Order(addresses, Route.TargetPort).First();
        if (
            !best.Equals(_target) && forwarder.Targets.Open([best], Route.TargetPort, this, out var socket, out _) is not null
            && !Use(socket!, best))
            forwarder.End((ForwardedSession)this, "unreachable");
    }

    /// <summary>Puts a new socket in the place of the one before.</summary>
    /// <returns>False when it can't be read from.</returns>
    private bool Use(ConnectedDatagrams socket, IPAddress target)
    {
        lock (Sync)
        {
            if (IsClosed)
            {
                socket.Dispose();
                return true;
            }

            NoteOverflowsLocked();
            _socket?.Dispose();
            (_target, _overflows) = (target, 0);
            OnConnectedLocked(socket);
            Volatile.Write(ref _socket, socket);
        }

        return socket.Start();
    }

    protected static SessionFailure Classify(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => SessionFailure.Refused,
        SocketError.MessageSize => SessionFailure.TooLarge,
        SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable => SessionFailure.NoRoom,
        SocketError.OperationAborted => SessionFailure.SessionGone,
        _ => SessionFailure.SendFailed,
    };
}
