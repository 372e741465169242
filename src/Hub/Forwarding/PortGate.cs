using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.Forwarding.Entering;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.Forwarding;

/// <summary>
/// Decides whether an edge's clients may come in: TCP and UDP by the same rules, so that no rule can be forgotten for one of them. A
/// client that is turned away at a port of the edge is counted there, and logged if the port wants that.
/// </summary>
internal sealed class PortGate(ForwardingOptions options, TargetPools pools, TrafficRegistry traffic, TransportContext context)
{
    /// <summary>The settings for new streams and sessions.</summary>
    public ForwardingOptions Options { get; set; } = options;

    public TrafficRegistry Traffic => traffic;

    /// <summary>The hub's own connections, so that it is recognised when it comes as a client.</summary>
    public OwnConnections Own { get; } = new();

    /// <summary>Checks a new stream or session. Called on the tunnel's read loop.</summary>
    /// <param name="tunnel">The tunnel that it came through.</param>
    /// <param name="udp">True for a session, false for a stream.</param>
    /// <param name="number">Its number in the tunnel.</param>
    /// <param name="opening">What the edge says about it.</param>
    /// <param name="route">The upstream that it leads to, or would lead to.</param>
    /// <param name="failure">Why it is not let in; meaningless when it is.</param>
    /// <returns>The entry, not begun yet; null when it is not let in.</returns>
    public ConnectionEntry? TryEnter(
        EdgeTunnel tunnel, bool udp, uint number, in StreamOpening opening, out PortRoute route, out GateFailure failure)
    {
        var port = new TrafficKey(tunnel.EdgeId, udp, opening.RoutingPort);
        var policy = tunnel.FindPort(udp, port.Port, context.Time.GetUtcNow());
        var options = Options;
        route = new PortRoute(port, policy?.TargetHost ?? options.TargetHost, policy?.TargetPort ?? port.Port)
        {
            Proxy = StreamHeaderOf(policy, options),
            UdpProxy = DatagramHeaderOf(policy, options),
            Rule = RuleOf(policy, options),
            Pool = policy?.Pool is null ? null : PoolOf(port, policy, options),
        };
        if (policy is null)
        {
            // A compromised edge must not reach other ports of the target.
            failure = GateFailure.PortNotAssigned;
            return null;
        }

        var id = tunnel.Key.Connection(number, udp);
        var entry = new ConnectionEntry(route, policy, opening.Source, traffic, context.Time)
        {
            Id = id,
            Destination = opening.Destination,
            Edge = tunnel.Remote.Address,
            Transport = tunnel.Tunnel!.Kind,
            Fields = policy.SendsTlvs ? new HeaderFields(id, tunnel.EdgeId, tunnel.Tunnel!.Kind) : null,
        };
        if (FindFault(tunnel, entry) is not { } fault)
        {
            failure = default;
            return entry;
        }

        failure = fault;
        TurnAway(entry, fault);
        return null;
    }

    /// <summary>Counts a connection that would be let in but finds no room.</summary>
    public void TurnAway(ConnectionEntry entry, GateFailure failure)
    {
        var (edgeId, udp, port) = entry.Route.Port;
        traffic.NoteBlocked(edgeId, udp, port, failure.NameFor(udp), entry.Client, entry.Policy, context.Time.GetUtcNow());
    }

    /// <summary>Returns the pool of a port whose policy has one.</summary>
    public TargetPool PoolOf(in TrafficKey port, PortPolicy policy) => PoolOf(port, policy, Options);

    /// <summary>Returns the pool of a port's route.</summary>
    public TargetPool PoolOf(in TrafficKey port, PortPolicy policy, NamedRoute route) => pools.Of(
        new PoolKey(port.EdgeId, port.Udp, port.Port, route.Sni), route.Pool, "", policy.TargetPort ?? port.Port,
        HeaderOf(port.Udp, policy, Options), RuleOf(policy, Options));

    /// <summary>Returns the pool of a route; null when it was taken out since the client came.</summary>
    public TargetPool? FindPool(in TrafficKey port, NamedRoute route) =>
        pools.Find(new PoolKey(port.EdgeId, port.Udp, port.Port, route.Sni));

    /// <summary>Returns the addresses that a port's targets may have.</summary>
    public TargetRule RuleOf(PortPolicy policy) => RuleOf(policy, Options);

    private TargetPool PoolOf(in TrafficKey port, PortPolicy policy, ForwardingOptions options) => pools.Of(
        new PoolKey(port.EdgeId, port.Udp, port.Port), policy.Pool!, policy.TargetHost ?? options.TargetHost, policy.TargetPort
            ?? port.Port, HeaderOf(port.Udp, policy, options), RuleOf(policy, options));

    private static TargetRule RuleOf(PortPolicy? policy, ForwardingOptions options) =>
        new(options.TargetAllowCidrs, policy?.TargetAllowCidrs);

    private static ProxyProtocol HeaderOf(bool udp, PortPolicy policy, ForwardingOptions options)
    {
        if (!udp)
            return StreamHeaderOf(policy, options);
        return DatagramHeaderOf(policy, options) == UdpProxyProtocol.Off ? ProxyProtocol.Off : ProxyProtocol.V2;
    }

    // A hub whose ports have no header by default adds none for the fields' sake, unless they were asked for.
    private static ProxyProtocol StreamHeaderOf(PortPolicy? policy, ForwardingOptions options) => policy switch
    {
        { ProxyProtocol: { } chosen } => chosen,
        { ProxyTlvs: true } => ProxyProtocol.V2,
        { SendsTlvs: true } when options.DefaultProxyProtocol != ProxyProtocol.Off => ProxyProtocol.V2,
        _ => options.DefaultProxyProtocol,
    };

    private static UdpProxyProtocol DatagramHeaderOf(PortPolicy? policy, ForwardingOptions options) => policy?.UdpProxyProtocol
        ?? (options.DefaultProxyProtocol == ProxyProtocol.Off ? UdpProxyProtocol.Off : UdpProxyProtocol.Each);

    private GateFailure? FindFault(EdgeTunnel tunnel, ConnectionEntry entry)
    {
        var udp = entry.Route.Port.Udp;
        if (udp ? tunnel.SessionsOfEdge > Options.SessionsPerEdge : tunnel.StreamsOfEdge > Options.StreamsPerEdge)
            return GateFailure.TooMany;
        if (!udp && context.TcpMemory.RefusesStreams)
            return GateFailure.TcpMemory;
        if (Own.Contains(OwnConnection.Of(entry.Client, entry.Destination, udp), entry.Edge))
            return GateFailure.ForwardingLoop;
        return SourceCheck.Check(entry.Policy, entry.Client?.Address, entry.Edge) switch
        {
            SourceFault.None => null,
            SourceFault.Denied => GateFailure.SourceDenied,
            SourceFault.Private => GateFailure.PrivateSource,
            _ => GateFailure.UnknownSource,
        };
    }
}
