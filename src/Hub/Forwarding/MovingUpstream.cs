using System.Net;
using System.Net.Sockets;
using Tunnel.Hub.Forwarding.Shares;
using Tunnel.Hub.Targets;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Sockets;

namespace Tunnel.Hub.Forwarding;

/// <summary>
/// A session's socket and the upstream's present address. If an upstream refuses, the name's other addresses are tried, and then the
/// addresses to which the name resolves by then.
/// </summary>
internal abstract class MovingUpstream(SessionForwarder forwarder, ConnectionEntry entry) : SharedSession, IDatagramReplies
{
    // A service that is down refuses each datagram; this limits how often its addresses are tried and its name is resolved.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private ConnectedDatagrams? _socket;
    private OwnConnection? _own;
    private IPAddress? _target;
    private PoolUse? _use;
    private uint _overflows;
    private long _lookedAt;

    public ConnectionEntry Entry => entry;

    public PortRoute Route => entry.Route;

    protected SessionForwarder Forwarder => forwarder;

    protected Lock Sync { get; } = new();

    /// <summary>The socket; null before the upstream's address is known.</summary>
    protected ConnectedDatagrams? Socket => Volatile.Read(ref _socket);

    /// <summary>Whether the session is closed. Used with the lock held.</summary>
    protected bool IsClosed { get; private set; }

    /// <summary>Connects the session to its upstream.</summary>
    /// <param name="addresses">The upstream's addresses, at least one; of a port with a pool none.</param>
    public void Connect(IPAddress[] addresses)
    {
        SessionFailure failure;
        if (Route.Pool is { } pool)
        {
            if (TryMember(pool, without: null))
                return;
            failure = SessionFailure.NoTarget;
        }
        else if (Route.Rule.Filter(addresses) is not { Length: > 0 } allowed)
        {
            failure = SessionFailure.TargetNotAllowed;
        }
        else if (
            forwarder.Targets.Open(allowed, Route.TargetPort, this, out var socket, out failure) is { } target
            && Use(socket!, target))
        {
            return;
        }

        forwarder.NoteFailure(entry, failure);
        forwarder.End((ForwardedSession)this, ReasonCounters<SessionFailure>.NameOf(failure));
    }

    /// <summary>
    /// Takes over the socket of an older session of the same client, so that the upstream sees no other one. That session is then closed.
    /// </summary>
    /// <returns>False when it has none.</returns>
    public bool TryTakeFrom(ForwardedSession older)
    {
        MovingUpstream from = older;
        lock (from.Sync)
        {
            if (from.IsClosed || from._socket is null)
                return false;
            from.OnClosedLocked();
            from.NoteOverflowsLocked();
            from.IsClosed = true;
        }

        // A session that is closed changes no more.
        lock (Sync)
        {
            (_own, _target, _use, _overflows) = (from._own, from._target, from._use, from._overflows);
            Volatile.Write(ref _socket, from._socket);
            if (IsClosed)
            {
                Release();
                return true;
            }

            if (_use is not null)
                entry.Target = _use.Target;
            OnTakenLocked(older);
            from._socket.ReplyTo(this);
            return true;
        }
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
            Release();
        }
    }

    public abstract void OnReply(ReadOnlySpan<byte> datagram);

    public abstract void OnBatchEnd();

    public void OnError(ConnectedDatagrams socket, SocketError error)
    {
        forwarder.NoteFailure(entry, Classify(error));

        // An error of a socket that the session has left says nothing about the present upstream.
        if (error is not (
            SocketError.ConnectionRefused or SocketError.HostUnreachable or SocketError.NetworkUnreachable) || socket != Socket)
        {
            return;
        }

        if (_use is { } use)
        {
            use.NoteRefused();
            LeaveMember(use, Pause);
            return;
        }

        forwarder.Targets.NoteRefused(_target!, Route.TargetPort);
        LookAgain(wasRefused: true, Pause);
    }

    /// <summary>Called when the socket is connected; others use the socket as soon as this returns.</summary>
    protected abstract void OnConnectedLocked(ConnectedDatagrams socket);

    /// <summary>Called when the socket of another session was taken over.</summary>
    protected abstract void OnTakenLocked(ForwardedSession older);

    protected abstract void OnClosedLocked();

    /// <summary>Counts the datagrams that the upstream sent faster than this process could read them.</summary>
    protected void NoteOverflowsLocked()
    {
        if (_socket is null || IsClosed)
            return;
        var overflows = _socket.Overflows;
        if (overflows > _overflows)
            forwarder.NoteFailure(entry, SessionFailure.ReceiveOverflow, (int)(overflows - _overflows));
        _overflows = overflows;
    }

    /// <summary>Notes that the upstream has answered.</summary>
    protected void NoteAnswer()
    {
        Entry.Traffic.Health.NoteSuccess();
        _use?.NoteSuccess();
    }

    /// <summary>Goes to another member of the pool when the present one is not to be used any more.</summary>
    protected void LeaveEjected()
    {
        if (_use is { IsEjected: true } use)
            LeaveMember(use, Pause);
    }

    private void Release()
    {
        forwarder.Own.Remove(_own);
        _socket?.Dispose();
        _use?.End();
    }

    private void LeaveMember(PoolUse use, TimeSpan pause)
    {
        var now = forwarder.Time.GetTimestamp();
        if (_lookedAt != 0 && forwarder.Time.GetElapsedTime(_lookedAt, now) < pause)
            return;
        _lookedAt = now;
        // Without another member the present one is kept: it may come back, and nothing is lost by asking it.
        Route.Pool!.Refresh();
        TryMember(Route.Pool, use.Member);
    }

    // Takes a member that a socket can be connected to.
    private bool TryMember(TargetPool pool, PoolMember? without)
    {
        List<PoolMember> tried = without is null ? [] : [without];
        while (pool.Take(entry.Client?.Address, tried) is { } use)
        {
            var address = use.Member.Address;
            if (
                forwarder.Targets.Open([address.Address], address.Port, this, out var socket, out var failure) is not null
                && Use(socket!, address.Address, use))
            {
                return true;
            }

            if (failure != SessionFailure.DescriptorLimit)
                use.NoteFailed(StreamFailure.Unreachable);
            use.End();
            tried.Add(use.Member);
        }

        return false;
    }

    /// <summary>Resolves the upstream's name again, unless that happened within <paramref name="pause"/>, and moves there.</summary>
    protected void LookAgain(bool wasRefused, TimeSpan pause)
    {
        var now = forwarder.Time.GetTimestamp();
        if (_lookedAt != 0 && forwarder.Time.GetElapsedTime(_lookedAt, now) < pause)
            return;
        _lookedAt = now;
        if (forwarder.Targets.TryResolve(Route.TargetHost, out var addresses))
            Move(addresses, wasRefused);
        else
            LookUpAsync(wasRefused).Guard("looking up an upstream");
    }

    private async Task LookUpAsync(bool wasRefused) => Move(await forwarder.Targets.ResolveAsync(Route.TargetHost), wasRefused);

    private void Move(IPAddress[] addresses, bool wasRefused)
    {
        addresses = Route.Rule.Filter(addresses);
        // An empty answer says nothing about where the upstream is.
        if (addresses.Length == 0 || (!wasRefused && addresses.Contains(_target)))
            return;
        var best = forwarder.Targets.Order(addresses, Route.TargetPort).First();
        if (
            !best.Equals(_target) && forwarder.Targets.Open([best], Route.TargetPort, this, out var socket, out _) is not null
            && !Use(socket!, best))
        {
            forwarder.End((ForwardedSession)this, "unreachable");
        }
    }

    /// <summary>Replaces the previous socket with a new one.</summary>
    /// <returns>False when the new socket can't be read from, although it is still the session's.</returns>
    private bool Use(ConnectedDatagrams socket, IPAddress target, PoolUse? use = null)
    {
        lock (Sync)
        {
            if (IsClosed)
            {
                use?.End();
                socket.Dispose();
                return true;
            }

            NoteOverflowsLocked();
            forwarder.Own.Remove(_own);
            _socket?.Dispose();
            (_target, _overflows) = (target, 0);
            _own = OwnConnection.Of(socket.LocalEndPoint, use?.Member.Address ?? new IPEndPoint(target, Route.TargetPort), udp: true);
            // This comes before the first datagram, which may come back at once.
            forwarder.Own.Add(_own);
            if (use is not null)
            {
                _use?.End();
                _use = use;
                entry.Target = use.Target;
            }

            OnConnectedLocked(socket);
            Volatile.Write(ref _socket, socket);
        }

        // Another move may have closed this socket meanwhile. That is no reason to end the session, which has a newer one.
        return socket.Start() || socket != Socket;
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
