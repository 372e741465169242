using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Hosting.Logging;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Buffers;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Hub.Forwarding;

/// <summary>Gives each UDP session its upstream, and ends those that have been idle.</summary>
internal sealed class SessionForwarder : IDisposable
{
    // One timer for all sessions; a session ends at most this much late.
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    // Among so many of the oldest the one that was idle longest gives way.
    private const int EvictionSample = 32;

    // Datagrams that wait for names: what is more than a moment's worth is a flood.
    private const int MaxHeldBytes = 4 << 20;
    private readonly TargetResolver _resolver;
    private readonly ILogger _logger;
    private readonly ITimer _sweep;
    private readonly Lock _lock = new();

    // In the order in which they were opened.
    private readonly LinkedList<UpstreamSession> _sessions = new();
    private readonly KeyedLogThrottle<(string EdgeId, int Port, SessionFailure Failure)> _throttle;

    public SessionForwarder(ForwardingOptions options, TargetResolver resolver, TrafficRegistry traffic, TransportContext context, ILogger<SessionForwarder> logger)
    {
        Options = options;
        _resolver = resolver;
        Traffic = traffic;
        _logger = logger;
        var time = Time = context.Time;
        Memory = context.Flow.Datagrams.Part(MaxHeldBytes);
        _throttle = new KeyedLogThrottle<(string, int, SessionFailure)>(time, TimeSpan.FromSeconds(1));
        _sweep = time.CreateTimer(static self => ((SessionForwarder)self!).Sweep(), this, SweepInterval, SweepInterval);
    }

    public TimeProvider Time { get; }

    public long NowMilliseconds => (long)Time.GetElapsedTime(0).TotalMilliseconds;

    public TrafficRegistry Traffic { get; }

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

    /// <summary>Called on the tunnel's read loop. Null refuses the session.</summary>
    public IDatagramSink? OnSessionOpened(LiveTunnel tunnel, ITunnelSession session, in StreamOpening opening)
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

        if (tunnel.Tunnel!.ActiveSessions > Options.SessionsPerEdge)
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
        var isKnown = _resolver.TryResolve(info.TargetHost, out var addresses);
        if (isKnown && addresses.Length == 0)
        {
            NoteFailure(info, SessionFailure.NameNotFound);
            return null;
        }

        var upstream = new UpstreamSession(this, info, session, opening, policy);
        upstream.Traffic.Add(upstream);
        if (Enter(upstream) is { } evicted)
        {
            NoteFailure(evicted.Info, SessionFailure.Evicted);
            // It is out of the list already.
            evicted.NoteEnd("evicted");
            End(evicted, "evicted");
        }

        if (isKnown)
            upstream.Connect(Choose(addresses));
        else
            _ = ResolveAsync(upstream);
        return upstream;
    }

    /// <summary>The tunnel has ended the session.</summary>
    public void Forget(UpstreamSession session, string reason = "completed")
    {
        bool removed;
        lock (_lock)
        {
            // Twice for one that both sides end.
            removed = session.Entry.List is not null;
            if (removed)
                _sessions.Remove(session.Entry);
        }

        if (removed)
            session.NoteEnd(reason);
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
            upstream: failure is SessionFailure.Refused or SessionFailure.Unreachable or SessionFailure.NameNotFound,
            count);
        Log(info, failure);
    }

    private void Block(SessionInfo info, in StreamOpening opening, PortPolicy policy, SessionFailure failure)
    {
        Failures.Add(failure);
        Traffic.NoteBlocked(info.EdgeId, udp: true, info.Port, ReasonCounters<SessionFailure>.NameOf(failure), opening.Source, policy, Time.GetUtcNow());
        Log(info, failure);
    }

    private void Log(SessionInfo info, SessionFailure failure)
    {
        if (_throttle.TryEnter((info.EdgeId, info.Port, failure), out var suppressed))
            ForwardingLog.SessionFailed(_logger, info.EdgeId, info.Port, info.TargetHost, info.TargetPort, failure, suppressed);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sweep.Dispose();
        foreach (var session in Snapshot())
            End(session, "shuttingDown");
    }

    /// <summary>Enters a session.</summary>
    /// <returns>One that has to give way: each takes a descriptor, and TCP streams need some too.</returns>
    private UpstreamSession? Enter(UpstreamSession session)
    {
        lock (_lock)
        {
            UpstreamSession? longestIdle = null;
            var node = _sessions.Count >= Options.MaxSessions ? _sessions.First : null;
            for (var looked = 0; node is not null && looked < EvictionSample; looked++, node = node.Next)
            {
                if (longestIdle is null || node.Value.LastActive < longestIdle.LastActive)
                    longestIdle = node.Value;
            }

            if (longestIdle is not null)
                _sessions.Remove(longestIdle.Entry);
            _sessions.AddLast(session.Entry);
            return longestIdle;
        }
    }

    private UpstreamSession[] Snapshot()
    {
        lock (_lock)
            return [.. _sessions];
    }

    private async Task ResolveAsync(UpstreamSession session)
    {
        var addresses = await _resolver.ResolveAsync(session.Info.TargetHost);
        if (addresses.Length > 0)
        {
            session.Connect(Choose(addresses));
            return;
        }

        NoteFailure(session.Info, SessionFailure.NameNotFound);
        End(session, "nameNotFound");
    }

    // UDP can't tell an address that nobody listens on from a slow answer, so there is no trying them all: of "localhost" and its like, which have
    // both families, most services take IPv4.
    private static IPAddress Choose(IPAddress[] addresses) =>
        Array.Find(addresses, address => address.AddressFamily == AddressFamily.InterNetwork) ?? addresses[0];

    private void Sweep()
    {
        var now = Time.GetTimestamp();
        foreach (var session in Snapshot())
        {
            if (session.IsIdle(now))
                End(session, "idleTimeout");
            else
                session.DropExpired();
        }
    }
}
