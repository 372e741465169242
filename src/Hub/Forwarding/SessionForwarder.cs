using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges.Live;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding;

/// <summary>Gives each UDP session its upstream, and ends those that have been idle.</summary>
internal sealed class SessionForwarder : IDisposable
{
    // One timer for all sessions; a session ends at most this much late.
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);
    private readonly TargetResolver _resolver;
    private readonly ILogger _logger;
    private readonly ITimer _sweep;
    private readonly ConcurrentDictionary<UpstreamSession, bool> _sessions = new();
    private readonly LogThrottle<(string EdgeId, int Port, SessionFailure Failure)> _throttle;

    public SessionForwarder(ForwardingOptions options, TargetResolver resolver, TimeProvider time, ILogger<SessionForwarder> logger)
    {
        Options = options;
        _resolver = resolver;
        _logger = logger;
        Time = time;
        _throttle = new LogThrottle<(string, int, SessionFailure)>(time);
        _sweep = time.CreateTimer(static self => ((SessionForwarder)self!).EndIdleSessions(), this, SweepInterval, SweepInterval);
    }

    public TimeProvider Time { get; }

    /// <summary>What new sessions go by.</summary>
    public ForwardingOptions Options { get; set; }

    /// <summary>Sessions open at present, over all tunnels.</summary>
    public int Count => _sessions.Count;

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
            NoteFailure(info, SessionFailure.TooManySessions);
            return null;
        }

        var upstream = new UpstreamSession(this, info, session, opening, policy);
        _sessions.TryAdd(upstream, true);
        if (!_resolver.TryResolve(info.TargetHost, out var addresses))
            _ = ResolveAsync(upstream);
        else if (addresses.Length > 0)
            upstream.Connect(Choose(addresses));
        return upstream;
    }

    /// <summary>The tunnel has ended the session.</summary>
    public void Forget(UpstreamSession session)
    {
        _sessions.TryRemove(session, out _);
        session.Close();
    }

    /// <summary>Ends a session from this side.</summary>
    public void End(UpstreamSession session)
    {
        Forget(session);
        session.Session.Close();
    }

    public void NoteFailure(SessionInfo info, SessionFailure failure, int count = 1)
    {
        Failures.Add(failure, count);
        if (_throttle.ShouldLog((info.EdgeId, info.Port, failure), out var suppressed))
            ForwardingLog.SessionFailed(_logger, info.EdgeId, info.Port, info.TargetHost, info.TargetPort, failure, suppressed);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sweep.Dispose();
        foreach (var session in _sessions.Keys)
            End(session);
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
        End(session);
    }

    // UDP can't tell an address that nobody listens on from a slow answer, so there is no trying them all: of "localhost" and its like, which have
    // both families, most services take IPv4.
    private static IPAddress Choose(IPAddress[] addresses) =>
        Array.Find(addresses, address => address.AddressFamily == AddressFamily.InterNetwork) ?? addresses[0];

    private void EndIdleSessions()
    {
        var now = Time.GetTimestamp();
        foreach (var (session, _) in _sessions)
        {
            if (session.IsIdle(now))
                End(session);
        }
    }
}
