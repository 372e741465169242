using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Refusing;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Udp;

/// <summary>
/// Finds the session of each datagram, opens one in the newest tunnel where there is none, and ends sessions that nobody uses.
/// </summary>
internal sealed class UdpSessions : IDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly SessionTable<UdpSession> _table;
    private readonly ITunnelSource _tunnels;
    private readonly RefusalCounters _refusals;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly ITimer _sweep;
    private readonly ILogger _logger;
    private readonly HashSet<UdpPort> _ports = [];

    /// <param name="tunnels">Where new sessions are opened.</param>
    /// <param name="refusals">Counts what is dropped.</param>
    /// <param name="capacity">The most sessions at once.</param>
    /// <param name="perAddress">The most sessions of one IPv4 address or IPv6 /64.</param>
    /// <param name="idleTimeout">A session ends when nothing has moved for this long, to within two seconds.</param>
    /// <param name="time">The clock for idle times.</param>
    /// <param name="logger">Logs the sweeps at the level Debug.</param>
    public UdpSessions(
        ITunnelSource tunnels, RefusalCounters refusals, int capacity, int perAddress, TimeSpan idleTimeout, TimeProvider time,
        ILogger logger)
    {
        (_tunnels, _refusals, _time, _logger) = (tunnels, refusals, time, logger);
        _table = new SessionTable<UdpSession>(capacity, perAddress, idleTimeout);
        _start = time.GetTimestamp();
        _sweep = time.CreateGuardedTimer(static self => self.Sweep(), this, SweepInterval, SweepInterval);
    }

    public int Count
    {
        get
        {
            lock (_lock)
                return _table.Count;
        }
    }

    private TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>
    /// Gives a client's datagram to its session. It is called by the port's receive loop, so never twice at once for one port.
    /// </summary>
    /// <returns>The session to flush; null when the datagram was dropped.</returns>
    public UdpSession? Forward(UdpPort port, in DatagramPath path, ReadOnlySpan<byte> payload)
    {
        // A session that ends after it was found and before it is used is opened again, once.
        for (var tries = 0; tries < 2; tries++)
        {
            var session = FindOrOpen(port, path);
            if (session is null)
                return null;
            if (session.UploadRate?.TryTakeWhole(payload.Length) == false)
            {
                port.Admission.CountDrops(RefusalReason.UdpUploadRate, 1);
                return null;
            }

            if (session.Queue(payload))
                return session;
            // The tunnel has dropped the datagram, and counted it with its own reason.
            if (session.IsOpen)
                return null;
        }

        port.Admission.CountDrops(RefusalReason.UdpSessionGone, 1);
        return null;
    }

    /// <summary>Notes that a datagram was moved, so that the session is not idle.</summary>
    public void Touch(UdpSession session)
    {
        var now = Now;
        if (!_table.NeedsTouch(session, now))
            return;
        lock (_lock)
            _table.Touch(session, now);
    }

    /// <summary>Removes a session that has ended already; the client's next datagram opens another.</summary>
    public void Forget(UdpSession session) => Remove(session);

    /// <summary>Adds a port, so that what the kernel drops at it is counted from now on.</summary>
    public void AddPort(UdpPort port)
    {
        lock (_lock)
            _ports.Add(port);
    }

    /// <summary>Counts what the kernel has dropped at a port because its receive buffer was full.</summary>
    public void CountOverflows(UdpPort port) => port.Admission.CountDrops(RefusalReason.UdpReceiveOverflow, port.TakeOverflows());

    /// <summary>Ends all sessions of a port that is about to be closed.</summary>
    public void EndPort(UdpPort port)
    {
        var ended = new List<UdpSession>();
        lock (_lock)
        {
            _ports.Remove(port);
            _table.RemovePort((ushort)port.Number, ended);
        }

        CountOverflows(port);
        EndAll(ended);
    }

    /// <summary>Ends the sessions of a port's clients for which <paramref name="which"/> returns true.</summary>
    /// <returns>How many sessions were ended.</returns>
    public int EndWhere(UdpPort port, Func<IPAddress, bool> which) =>
        EndAll(session => session.Port == port && which(session.Key.Path.RemoteEndPoint.Address));

    /// <summary>Ends the sessions of a port whose clients its policy no longer lets in.</summary>
    public void EndDenied(UdpPort port) =>
        EndAll(session => session.Port == port && !port.Admission.Policy.Permits(session.Key.Path.Remote));

    public void Dispose() => _sweep.Dispose();

    private UdpSession? FindOrOpen(UdpPort port, in DatagramPath path)
    {
        var key = new SessionKey((ushort)port.Number, path);
        UdpSession? session;
        lock (_lock)
            _table.TryGet(key, out session);
        if (session is { IsOpen: true })
        {
            if (session.Successor is { } successor)
                return GoOver(session, successor, closesOlder: false);
            if (session.FindRefuge(_tunnels) is { } refuge)
                return GoOver(session, refuge, closesOlder: true);
            Touch(session);
            return session;
        }

        if (session is { IsLost: true })
            return GoOn(session);
        if (session is not null)
        {
            Remove(session);
            session.Close();
        }

        return Open(port, key, _tunnels.Usable);
    }

    // There is nothing to fall back to: where no tunnel takes the session, it waits for one, and the datagram is dropped.
    private UdpSession? GoOn(UdpSession session)
    {
        var tunnel = _tunnels.Usable;
        if (tunnel is not null && GoOver(session, tunnel, closesOlder: true) is var next && next != session)
            return next;
        session.Port.Admission.CountRefusal(
            tunnel is null ? RefusalReason.UdpNoTunnel : RefusalReason.UdpTunnelTakesNone, session.Key.Path.Remote);
        return null;
    }

    // The client is known: it is not let in anew, and the place in the table and what its address has of the port's limits are handed on.
    private UdpSession? GoOver(UdpSession session, ITunnel tunnel, bool closesOlder)
    {
        var next = session.Continue();
        if (tunnel.OpenSession(session.Opening, next) is not { } tunnelSession)
        {
            // A hub that goes away or has no room takes nobody, and what works is not given up for that.
            Touch(session);
            return session;
        }

        next.Attach(tunnel, tunnelSession);
        bool isReplaced;
        lock (_lock)
            isReplaced = _table.Replace(session, next, Now);
        if (!isReplaced)
        {
            // The session has been ended meanwhile, and so its client was counted out.
            next.Close();
            return Open(session.Port, session.Key, _tunnels.Usable);
        }

        if (closesOlder)
            session.Close();
        else
            next.TakeOver(session);
        return next;
    }

    private UdpSession? Open(UdpPort port, in SessionKey key, ITunnel? tunnel)
    {
        if (tunnel is null)
        {
            port.Admission.CountRefusal(RefusalReason.UdpNoTunnel, key.Path.Remote);
            return null;
        }

        if (port.Admission.TryEnter(key.Path.Remote, out var address) is { } refusal)
        {
            port.Admission.CountRefusal(refusal, key.Path.Remote);
            return null;
        }

        var session = new UdpSession(key, port, address, this)
        {
            IdleTimeout = port.Admission.Policy.IdleTimeout is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            UploadRate = port.Admission.Policy.UploadRate is { } rate ? new ByteBucket(rate, _time) : null,
            Guard = port.Admission.Policy.AmplificationGuard ? new AmplificationGuard() : null,
        };
        if (tunnel.OpenSession(session.Opening, session) is not { } tunnelSession)
        {
            port.Admission.Leave(address);
            port.Admission.CountRefusal(RefusalReason.UdpTunnelTakesNone, key.Path.Remote);
            return null;
        }

        session.Attach(tunnel, tunnelSession);
        UdpSession? evicted = null;
        bool isWelcome;
        lock (_lock)
        {
            // The port may have been closed, or its policy changed, since the client was let in: whoever was in the table has been ended.
            isWelcome = _ports.Contains(port) && port.Admission.Policy.Permits(key.Path.Remote);
            if (isWelcome)
                evicted = _table.Add(session, Now);
        }

        if (!isWelcome)
        {
            End(session);
            port.Admission.CountDrops(RefusalReason.UdpSessionGone, 1);
            return null;
        }

        if (evicted is not null)
        {
            _refusals.Count(RefusalReason.UdpSessionEvicted);
            End(evicted);
        }

        return session;
    }

    private void Remove(UdpSession session)
    {
        bool removed;
        lock (_lock)
            removed = _table.Remove(session);
        if (removed)
            session.Port.Admission.Leave(session.Address);
    }

    private void Sweep()
    {
        var ended = new List<UdpSession>();
        UdpPort[] ports;
        lock (_lock)
        {
            _table.RemoveIdle(Now, ended);
            ports = [.. _ports];
        }

        foreach (var port in ports)
            CountOverflows(port);
        if (ended.Count > 0)
            UdpLog.SessionsIdle(_logger, ended.Count);
        EndAll(ended);
    }

    private int EndAll(Func<UdpSession, bool> which)
    {
        var ended = new List<UdpSession>();
        lock (_lock)
            _table.RemoveWhere(which, ended);
        EndAll(ended);
        return ended.Count;
    }

    private static void EndAll(List<UdpSession> sessions)
    {
        foreach (var session in sessions)
            End(session);
    }

    private static void End(UdpSession session)
    {
        session.Port.Admission.Leave(session.Address);
        session.Close();
    }
}
