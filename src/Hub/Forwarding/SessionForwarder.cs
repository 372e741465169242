using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Targets;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Buffers;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Hub.Forwarding;

/// <summary>Connects each UDP session to its upstream, and ends idle sessions.</summary>
internal sealed class SessionForwarder : IDisposable
{
    // One timer serves all sessions, so a session ends at most this much late.
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    // The limit on datagrams that wait for names: more than a moment's worth is a flood.
    private const int MaxHeldBytes = 4 << 20;

    // The limit on sessions of one edge that wait for their turn: with more, the last would wait longer than its datagrams may.
    private const int MaxWaiting = 1_024;

    private readonly PortGate _gate;
    private readonly ILogger _logger;
    private readonly ITimer _sweep;
    private readonly OpenSessions _sessions;
    private readonly TimeSpan _grace;

    public SessionForwarder(
        PortGate gate, TargetResolver resolver, DescriptorGuard descriptors, TransportContext context, ILogger<SessionForwarder> logger)
    {
        _gate = gate;
        _logger = logger;
        var time = Time = context.Time;
        Targets = new UpstreamTargets(resolver, descriptors, time);
        _sessions = new OpenSessions(gate, context.Flow.Budget);
        _grace = context.ResumeGrace;
        Memory = context.Flow.Datagrams.Part(MaxHeldBytes);
        _sweep = time.CreateGuardedTimer(static self => self.Sweep(), this, SweepInterval, SweepInterval);
    }

    public TimeProvider Time { get; }

    public long NowMilliseconds => (long)Time.GetElapsedTime(0).TotalMilliseconds;

    /// <inheritdoc cref="PortGate.Own"/>
    public OwnConnections Own => _gate.Own;

    /// <summary>Knows where upstreams are.</summary>
    public UpstreamTargets Targets { get; }

    /// <summary>The memory for datagrams that wait until their upstream's name is resolved.</summary>
    public DatagramMemory Memory { get; }

    /// <summary>
    /// Runs work when it is this edge's turn, or returns false when too much of the edge's work waits: a flood of UDP_OPENs must not hold
    /// up what is under way.
    /// </summary>
    public Func<string, Action, bool> TakeTurn { get; set; } = static (edge, work) => TurnQueue.TryRun(edge, MaxWaiting, work);

    /// <summary>The number of sessions open now, over all tunnels.</summary>
    public int Count => _sessions.Count;

    /// <summary>Counts lost sessions and datagrams, by reason.</summary>
    public ReasonCounters<SessionFailure> Failures { get; } = new();

    /// <summary>The part of <see cref="Failures"/> that concerns sessions.</summary>
    public ImmutableSortedDictionary<string, long> Refused => Failures.Snapshot(SessionFailures.IsOfSession);

    /// <summary>The part of <see cref="Failures"/> that concerns datagrams.</summary>
    public ImmutableSortedDictionary<string, long> Dropped => Failures.Snapshot(static failure => !failure.IsOfSession());

    /// <summary>Opens a session; null refuses it. Called on the tunnel's read loop.</summary>
    public IDatagramSink? OnSessionOpened(EdgeTunnel tunnel, ITunnelSession session, in StreamOpening opening)
    {
        if (_gate.TryEnter(tunnel, udp: true, session.Id, opening, out var route, out var failure) is not { } entry)
        {
            Refuse(route, failure.ToSessionFailure());
            return null;
        }

        // If the name had no address a moment ago, no further session waits for it in vain.
        IPAddress[] addresses = [];
        var resolving = route.Pool?.ReadyAsync();
        var isKnown = route.Pool is not null ? resolving is null : Targets.TryResolve(route.TargetHost, out addresses);
        if (isKnown && route.Pool is null && addresses.Length == 0)
        {
            NoteFailure(entry, SessionFailure.NameNotFound);
            return null;
        }

        var forwarded = new ForwardedSession(this, entry, tunnel, session, opening);
        if (!_sessions.TryEnter(forwarded, opening.Source?.Address, out var evicted, out var older))
        {
            _gate.TurnAway(entry, GateFailure.TooMany);
            Refuse(route, SessionFailure.TooManySessions);
            return null;
        }

        entry.Begin(forwarded);
        if (_logger.IsEnabled(LogLevel.Debug))
        {
            ForwardingLog.SessionOpened(
                _logger, tunnel.EdgeId, route.Port.Port, opening.Source, route.Target, entry.Id);
        }

        if (evicted is not null)
        {
            NoteFailure(evicted.Entry, SessionFailure.Evicted);
            // The session is already removed from the list.
            evicted.Entry.End("evicted");
            End(evicted, "evicted");
        }

        if (older is not null && GoesOn(older, forwarded))
            return forwarded;
        if (isKnown)
            ConnectInTurn(forwarded, addresses);
        else
            ResolveAsync(forwarded, resolving).Guard("looking up an upstream");
        return forwarded;
    }

    /// <summary>
    /// Keeps a session whose tunnel was lost: over another one its client finds the upstream with the same socket. Until then nothing
    /// passes.
    /// </summary>
    public void OnLost(ForwardedSession session)
    {
        if (session.Flow is null)
            Forget(session);
        else
            session.NoteLost();
    }

    /// <summary>Removes a session that the tunnel has ended.</summary>
    public void Forget(ForwardedSession session, string reason = "completed")
    {
        // A session that both sides end is counted once.
        if (_sessions.Remove(session))
            session.Entry.End(reason);
        session.Close();
    }

    /// <summary>Ends a session from the hub's side.</summary>
    public void End(ForwardedSession session, string reason)
    {
        Forget(session, reason);
        session.Session.Close();
    }

    /// <summary>Counts and logs the failure of a session or of its datagrams.</summary>
    public void NoteFailure(ConnectionEntry entry, SessionFailure failure, int count = 1)
    {
        CountDropped(entry, failure, count);
        if (failure.IsOfUpstream())
            entry.Traffic.Health.NoteFailure();
        Log(entry.Route, failure);
    }

    /// <summary>Counts datagrams that were dropped as the port's policy wants it, which is nothing to be told of.</summary>
    public void CountDropped(ConnectionEntry entry, SessionFailure failure, int count = 1)
    {
        Failures.Add(failure, count);
        entry.Traffic.CountError(ReasonCounters<SessionFailure>.NameOf(failure), count);
    }

    private void Refuse(PortRoute route, SessionFailure failure)
    {
        Failures.Add(failure);
        // The traffic of a port that was taken away still exists.
        if (failure == SessionFailure.PortNotAssigned)
            _gate.Traffic.Find(route.Port)?.CountError(ReasonCounters<SessionFailure>.NameOf(failure));
        Log(route, failure);
    }

    private void Log(PortRoute route, SessionFailure failure)
    {
        if (failure == SessionFailure.ForwardingLoop)
            ForwardingLog.Loop(_logger, route.Port.EdgeId, route.Port.Proto, route.Port.Port, route.Target);
        else
            ForwardingLog.SessionFailed(_logger, route.Port.EdgeId, route.Port.Port, route.Target, failure);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sweep.Dispose();
        foreach (var session in _sessions.Snapshot())
            End(session, "shuttingDown");
    }

    /// <summary>Notes that a session's client has sent a datagram after an answer.</summary>
    public void NoteTwoWay(ForwardedSession session) => _sessions.NoteTwoWay(session);

    // The same client comes over another tunnel, perhaps before this end knows that the former is lost.
    private bool GoesOn(ForwardedSession older, ForwardedSession session)
    {
        var goesOn = older.Route == session.Route && session.TryTakeFrom(older);
        End(older, "moved");
        return goesOn;
    }

    private void ConnectInTurn(ForwardedSession session, IPAddress[] addresses)
    {
        if (TakeTurn(session.Route.Port.EdgeId, Connect))
            return;
        NoteFailure(session.Entry, SessionFailure.TooManySessions);
        End(session, "tooManySessions");

        void Connect()
        {
            // The session may have ended by now.
            if (session.Session.IsOpen)
                session.Connect(addresses);
        }
    }

    private async Task ResolveAsync(ForwardedSession session, Task? pool)
    {
        IPAddress[] addresses = [];
        if (pool is not null)
            await pool;
        else
            addresses = await Targets.ResolveAsync(session.Route.TargetHost);
        if (addresses.Length > 0 || session.Route.Pool?.Count > 0)
        {
            session.Connect(addresses);
            return;
        }

        NoteFailure(session.Entry, SessionFailure.NameNotFound);
        End(session, "nameNotFound");
    }

    private void Sweep()
    {
        var now = Time.GetTimestamp();
        foreach (var session in _sessions.Snapshot())
        {
            if (session.IsIdle(now))
                End(session, "idleTimeout");
            else if (session.HasWaited(now, _grace))
                End(session, "tunnelLost");
            else
                session.Tend(now);
        }
    }
}
