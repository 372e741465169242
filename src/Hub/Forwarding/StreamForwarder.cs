using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Events;
using Tunnel.Hub.Forwarding.Adapting;
using Tunnel.Hub.Forwarding.Authorizing;
using Tunnel.Hub.Forwarding.Entering;
using Tunnel.Hub.Forwarding.Securing;
using Tunnel.Hub.Targets;
using Tunnel.Hub.Targets.Connecting;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding;

// Over 8 collaborators: each is one step of a stream's way, and ForwardedStream, which is made for every stream, takes them from here. What
// these steps need themselves, they were given elsewhere.
/// <summary>Connects each stream to its upstream: asks the gate, dials, sends the PROXY header, and joins the two.</summary>
internal sealed class StreamForwarder(
    PortGate gate, IUpstreamConnector connector, HubEventFeed events, TransportContext context) : IDisposable
{
    private readonly ILogger _logger = context.LoggerFactory.CreateLogger<StreamForwarder>();

    /// <summary>Counts the streams that did not reach their upstream, by reason.</summary>
    public ReasonCounters<StreamFailure> Failures { get; } = new();

    public IUpstreamConnector Connector => connector;

    /// <inheritdoc cref="PortGate.Own"/>
    public OwnConnections Own => gate.Own;

    /// <summary>Ends streams in which nothing passes.</summary>
    public IdleStreams Idle { get; } = new(context.Time);

    /// <summary>The steps that ports want to be done before there is an upstream.</summary>
    public Entrance Entrance { get; init; } = Entrance.None(context.Time);

    /// <summary>The TLS servers of ports at which TLS ends.</summary>
    public required TlsServers Tls { get; init; }

    /// <summary>The services that ports ask about clients.</summary>
    public required Authorizers Authorizers { get; init; }

    /// <summary>TLS to targets.</summary>
    public required UpstreamTls UpstreamTls { get; init; }

    /// <summary>Learns how fast targets accept connections; null: nobody wants to know.</summary>
    public AdaptivePorts? Adaptive { get; init; }

    public HubEventFeed Events => events;

    public TransportContext Context => context;

    /// <summary>Runs work when it is this edge's turn: a flood of OPENs must not hold up what is under way.</summary>
    public Action<string, Action> TakeTurn { get; set; } = TurnQueue.Run;

    public TimeProvider Time => context.Time;

    /// <summary>Starts to forward a stream, or resets it. Called on the tunnel's read loop.</summary>
    public void OnStreamOpened(EdgeTunnel tunnel, ITunnelStream stream, in StreamOpening opening)
    {
        if (gate.TryEnter(tunnel, udp: false, stream.Id, opening, out var route, out var failure) is { } entry)
        {
            if (_logger.IsEnabled(LogLevel.Debug))
            {
                ForwardingLog.StreamOpened(
                    _logger, tunnel.EdgeId, route.Port.Port, opening.Source, route.Target, entry.Id);
            }

            new ForwardedStream(this, entry, stream, opening).Start();
        }
        else
        {
            Refuse(route, stream, failure.ToStreamFailure());
        }
    }

    /// <summary>Leads a client to the pool of a route; false when the route was taken out since the client came.</summary>
    public bool TryLead(ConnectionEntry entry, NamedRoute route)
    {
        if (gate.FindPool(entry.Route.Port, route) is not { } pool)
            return false;
        entry.Route = entry.Route with { Pool = pool };
        return true;
    }

    /// <summary>Counts and logs a dial that failed.</summary>
    public void NoteFailure(ConnectionEntry entry, StreamFailure failure)
    {
        var (port, target) = (entry.Route.Port, entry.Route.Target);
        Failures.Add(failure);
        entry.Traffic.CountError(ReasonCounters<StreamFailure>.NameOf(failure));
        if (!failure.IsOfClient())
            entry.Traffic.Health.NoteFailure();
        if (failure == StreamFailure.ClientGone)
            ForwardingLog.ClientGone(_logger, port.EdgeId, port.Port, target, entry.Id);
        else if (failure == StreamFailure.ForwardingLoop)
            ForwardingLog.Loop(_logger, port.EdgeId, port.Proto, port.Port, target);
        else
            ForwardingLog.StreamFailed(_logger, port.EdgeId, port.Port, target, failure, entry.Id);
    }

    /// <summary>Logs and reports that a port's upstream hangs up at once whenever it gets a header.</summary>
    public void NoteHeaderDoubt(PortRoute route)
    {
        var (port, target) = (route.Port, route.Target);
        ForwardingLog.HeaderDoubted(_logger, port.EdgeId, port.Port, target);
        events.Post(new ProxyHeaderDoubtedEvent(port.EdgeId, port.Port, target) { Time = Time.GetUtcNow() });
    }

    /// <summary>Logs an exception that should not occur.</summary>
    public void NoteDefect(TrafficKey port, Exception exception) => ForwardingLog.Defect(_logger, exception, port.EdgeId, port.Port);

    /// <inheritdoc/>
    public void Dispose() => Idle.Dispose();

    private void Refuse(PortRoute route, ITunnelStream stream, StreamFailure failure)
    {
        Failures.Add(failure);
        if (failure == StreamFailure.ForwardingLoop)
            ForwardingLog.Loop(_logger, route.Port.EdgeId, route.Port.Proto, route.Port.Port, route.Target);
        else
            ForwardingLog.StreamRefused(_logger, route.Port.EdgeId, route.Port.Port, failure);
        stream.Reset(failure.ToResetReason());
    }
}
