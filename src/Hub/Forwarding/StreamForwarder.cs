using Microsoft.Extensions.Logging;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Events;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding;

/// <summary>Gives each stream its upstream: checks the port, dials, sends the PROXY header, and joins the two.</summary>
internal sealed class StreamForwarder(
    ForwardingOptions options, IUpstreamConnector connector, HubEventFeed events, TrafficRegistry traffic, TransportContext context) : IDisposable
{
    private readonly ILogger _logger = context.LoggerFactory.CreateLogger<StreamForwarder>();

    /// <summary>What new streams go by.</summary>
    public ForwardingOptions Options { get; set; } = options;

    /// <summary>Streams that did not get their upstream, by reason.</summary>
    public ReasonCounters<StreamFailure> Failures { get; } = new();

    public IUpstreamConnector Connector => connector;

    public TrafficRegistry Traffic => traffic;

    /// <summary>Ends those in which nothing passes.</summary>
    public IdleStreams Idle { get; } = new(context.Time);

    public HubEventFeed Events => events;

    public TransportContext Context => context;

    /// <summary>Runs what it is given when it is this edge's turn: a flood of OPENs must not hold up what is under way.</summary>
    public Action<string, Action> TakeTurn { get; set; } = TurnQueue.Run;

    public TimeProvider Time => context.Time;

    /// <summary>Called on the tunnel's read loop.</summary>
    public void OnStreamOpened(EdgeTunnel tunnel, ITunnelStream stream, in StreamOpening opening)
    {
        var port = opening.RoutingPort;
        // A compromised edge must not reach other ports of the target.
        if (tunnel.FindPort(udp: false, port, Time.GetUtcNow()) is not { } policy)
        {
            Refuse(tunnel, stream, port, StreamFailure.PortNotAssigned);
            return;
        }

        if (tunnel.StreamsOfEdge > Options.StreamsPerEdge)
        {
            Block(tunnel, stream, opening, policy, StreamFailure.TooManyStreams);
            return;
        }

        if (context.TcpMemory.RefusesStreams)
        {
            Block(tunnel, stream, opening, policy, StreamFailure.TcpMemory);
            return;
        }

        var fault = SourceCheck.Check(policy, opening.Source?.Address, tunnel.Remote.Address);
        if (fault != SourceFault.None)
        {
            Block(tunnel, stream, opening, policy, fault.ToStreamFailure());
            return;
        }

        var forwarded = new ForwardedStream(this, tunnel.EdgeId, stream, opening, policy, policy.TargetHost ?? Options.TargetHost);
        forwarded.Start();
    }

    /// <summary>Counts and logs a dial that came to nothing.</summary>
    public void NoteFailure(string edgeId, int port, string targetHost, int targetPort, StreamFailure failure)
    {
        Failures.Add(failure);
        traffic.Find(new TrafficKey(edgeId, Udp: false, port))?.CountError(ReasonCounters<StreamFailure>.NameOf(failure), upstream: failure != StreamFailure.ClientGone);
        if (failure == StreamFailure.ClientGone)
            ForwardingLog.ClientGone(_logger, edgeId, port, targetHost, targetPort);
        else
            ForwardingLog.StreamFailed(_logger, edgeId, port, targetHost, targetPort, failure);
    }

    /// <summary>Logs what must not happen.</summary>
    public void NoteDefect(string edgeId, int port, Exception exception) => ForwardingLog.Defect(_logger, exception, edgeId, port);

    /// <inheritdoc/>
    public void Dispose() => Idle.Dispose();

    // A client of a port that is served, which is turned away.
    private void Block(EdgeTunnel tunnel, ITunnelStream stream, in StreamOpening opening, PortPolicy policy, StreamFailure failure)
    {
        traffic.NoteBlocked(tunnel.EdgeId, udp: false, opening.RoutingPort, ReasonCounters<StreamFailure>.NameOf(failure), opening.Source, policy, Time.GetUtcNow());
        Refuse(tunnel, stream, opening.RoutingPort, failure);
    }

    private void Refuse(EdgeTunnel tunnel, ITunnelStream stream, int port, StreamFailure failure)
    {
        Failures.Add(failure);
        ForwardingLog.StreamRefused(_logger, tunnel.EdgeId, port, failure);
        stream.Reset(failure.ToResetReason());
    }
}
