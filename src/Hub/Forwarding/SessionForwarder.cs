using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Forwarding.Shares;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Buffers;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Hub.Forwarding;

/// <summary>Gives each UDP session its upstream, and ends those that have been idle.</summary>
internal sealed class SessionForwarder : IDisposable
{
    // One timer for all sessions; a session ends at most this much late.
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);


    // Datagrams that wait for names: what is more than a moment's worth is a flood.
    private const int MaxHeldBytes = 4 << 20;

    // What a session costs in all parts of the hub, as measured, and the part of the memory budget that they may have together.
    private const int SessionBytes = 2 << 10;
    private const int BudgetPart = 2;
    private readonly MemoryBudget _budget;
    private readonly ILogger _logger;
    private readonly ITimer _sweep;
    private readonly Lock _lock = new();

    private readonly SessionShares _sessions = new();

    public SessionForwarder(
        ForwardingOptions options, TargetResolver resolver, TrafficRegistry traffic, DescriptorGuard descriptors, TransportContext context, ILogger<SessionForwarder> logger)
    {
        Options = options;
        Traffic = traffic;
        _logger = logger;
        var time = Time = context.Time;
        Targets = new UpstreamTargets(resolver, descriptors, time);
        _budget = context.Flow.Budget;
        Memory = context.Flow.Datagrams.Part(MaxHeldBytes);
        _sweep = time.CreateTimer(static self => ((SessionForwarder)self!).Sweep(), this, SweepInterval, SweepInterval);
    }

    public TimeProvider Time { get; }

    public long NowMilliseconds => (long)Time.GetElapsedTime(0).TotalMilliseconds;

    public TrafficRegistry Traffic { get; }

    /// <summary>Where upstreams are.</summary>
    public UpstreamTargets Targets { get; }

    /// <summary>What datagrams may wait in for the names of their upstreams.</summary>
    public DatagramMemory Memory { get; }

    /// <summary>What new sessions go by.</summary>
    public ForwardingOptions Options { get; set; }

    /// <summary>Sessions open at present, over all tunnels.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _sessions.Count;
        }
    }

    /// <summary>What was lost, by reason.</summary>
    public ReasonCounters<SessionFailure> Failures { get; } = new();

    /// <summary>The part of <see cref="Failures"/> that is of sessions.</summary>
    public ImmutableSortedDictionary<string, long> Refused => Failures.Snapshot(SessionFailures.IsOfSession);

    /// <summary>The part of <see cref="Failures"/> that is of datagrams.</summary>
    public ImmutableSortedDictionary<string, long> Dropped => Failures.Snapshot(static failure => !failure.IsOfSession());

    /// <summary>Called on the tunnel's read loop. Null refuses the session.</summary>
    public IDatagramSink? OnSessionOpened(EdgeTunnel tunnel, ITunnelSession session, in StreamOpening opening)
    {
        var port = opening.RoutingPort;
        // A compromised edge must not reach other ports of the target.
        var policy = tunnel.FindPort(udp: true, port, Time.GetUtcNow());
        var info = new SessionInfo(tunnel.EdgeId, port, policy?.TargetHost ?? Options.TargetHost, policy?.TargetPort ?? port);
        if (policy is null)
        {
            NoteFailure(info, SessionFailure.PortNotAssigned);
            return null;
        }

        if (tunnel.SessionsOfEdge > Options.SessionsPerEdge)
        {
            Block(info, opening, policy, SessionFailure.TooManySessions);
            return null;
        }

        var fault = SourceCheck.Check(policy, opening.Source?.Address, tunnel.Remote.Address);
        if (fault != SourceFault.None)
        {
            Block(info, opening, policy, fault.ToSessionFailure());
            return null;
        }

        // A name that had no address a moment ago: not one session more that waits for nothing.
        var isKnown = Targets.TryResolve(info.TargetHost, out var addresses);
        if (isKnown && addresses.Length == 0)
        {
            NoteFailure(info, SessionFailure.NameNotFound);
            return null;
        }

        var upstream = new UpstreamSession(this, info, session, opening, policy);
        if (!TryEnter(upstream, opening.Source?.Address, out var evicted))
        {
            Block(info, opening, policy, SessionFailure.TooManySessions);
            return null;
        }

        upstream.Traffic.Add(upstream);
        if (evicted is not null)
        {
            NoteFailure(evicted.Info, SessionFailure.Evicted);
            // It is out of the list already.
            evicted.NoteEnd("evicted");
            End(evicted, "evicted");
        }

        if (isKnown)
            upstream.Connect(addresses);
        else
            _ = ResolveAsync(upstream);
        return upstream;
    }

    /// <summary>The tunnel has ended the session.</summary>
    public void Forget(UpstreamSession session, string reason = "completed")
    {
        bool removed;
        lock (_lock)
            removed = _sessions.Remove(session);

        // Not twice for one that both sides end.
        if (removed)
        {
            _budget.Return(SessionBytes);
            session.NoteEnd(reason);
        }

        session.Close();
    }

    /// <summary>Ends a session from this side.</summary>
    public void End(UpstreamSession session, string reason)
    {
        Forget(session, reason);
        session.Session.Close();
    }

    public void NoteFailure(SessionInfo info, SessionFailure failure, int count = 1)
    {
        Failures.Add(failure, count);
        Traffic.Find(new TrafficKey(info.EdgeId, Udp: true, info.Port))?.CountError(
            ReasonCounters<SessionFailure>.NameOf(failure),
            upstream: failure is SessionFailure.Refused or SessionFailure.SendFailed or SessionFailure.Unreachable or SessionFailure.NameNotFound,
            count);
        Log(info, failure);
    }

    private void Block(SessionInfo info, in StreamOpening opening, PortPolicy policy, SessionFailure failure)
    {
        Failures.Add(failure);
        Traffic.NoteBlocked(info.EdgeId, udp: true, info.Port, ReasonCounters<SessionFailure>.NameOf(failure), opening.Source, policy, Time.GetUtcNow());
        Log(info, failure);
    }

    private void Log(SessionInfo info, SessionFailure failure) =>
        ForwardingLog.SessionFailed(_logger, info.EdgeId, info.Port, info.TargetHost, info.TargetPort, failure);

    /// <inheritdoc/>
    public void Dispose()
    {
        _sweep.Dispose();
        foreach (var session in Snapshot())
            End(session, "shuttingDown");
    }

    /// <summary>A datagram of a session's client has followed an answer.</summary>
    public void NoteTwoWay(UpstreamSession session)
    {
        lock (_lock)
            _sessions.NoteTwoWay(session);
    }

    /// <summary>Enters a session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="client">Its client; null when it is not known.</param>
    /// <param name="evicted">One that has to give way: each takes memory and a descriptor, and TCP streams need some too.</param>
    /// <returns>False when there is no room, and none that could give way.</returns>
    private bool TryEnter(UpstreamSession session, IPAddress? client, out UpstreamSession? evicted)
    {
        evicted = null;
        lock (_lock)
        {
            if (_sessions.Count >= Math.Min(Options.MaxSessions, _budget.Limit / BudgetPart / SessionBytes) || !_budget.TryTake(SessionBytes))
            {
                // Its part of the budget goes over to the new one.
                evicted = (UpstreamSession?)_sessions.Evict(session.Info.EdgeId);
                if (evicted is null)
                    return false;
            }

            _sessions.Add(session, session.Info.EdgeId, session.Info.Port, client is null ? 0 : AddressNumber.Of(client));
            return true;
        }
    }

    private UpstreamSession[] Snapshot()
    {
        lock (_lock)
            return [.. _sessions.All.Cast<UpstreamSession>()];
    }

    private async Task ResolveAsync(UpstreamSession session)
    {
        var addresses = await Targets.ResolveAsync(session.Info.TargetHost);
        if (addresses.Length > 0)
        {
            session.Connect(addresses);
            return;
        }

        NoteFailure(session.Info, SessionFailure.NameNotFound);
        End(session, "nameNotFound");
    }

    private void Sweep()
    {
        var now = Time.GetTimestamp();
        foreach (var session in Snapshot())
        {
            if (session.IsIdle(now))
                End(session, "idleTimeout");
            else
                session.Tend(now);
        }
    }
}
