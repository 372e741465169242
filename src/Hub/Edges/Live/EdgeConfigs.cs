using System.Collections.Immutable;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Edges.Live;

/// <summary>Makes what an edge is told of its definition: only what it needs, and never a target.</summary>
internal static class EdgeConfigs
{
    public static TunnelConfig Create(
        AllowedEdge edge, int edges, HubInfo hub, IReadOnlyList<TimedBlock> blocks, IReadOnlyDictionary<int, int> rates) => new()
        {
            ListenPorts = edge.TcpPorts,
            ListenPortsUdp = edge.UdpPorts,
            StunIntervalSecs = edge.StunIntervalSecs,
            FirewallConfig = EdgeFirewalls.WithBlocks(edge.FirewallConfig, blocks),
            Ports = EdgePolicies(edge, rates),
            Hub = hub with { RedialSpread = RedialSpread.MillisecondsFor(edge, edges), State = edge.Revision },
        };

    /// <summary>Returns the configuration after a change, with a higher revision; null when the edge would see no difference.</summary>
    public static TunnelConfig? Next(
        TunnelConfig current, AllowedEdge edge, int edges, HubAnnouncements announced, IReadOnlyList<TimedBlock> blocks, bool blocksChanged,
        IReadOnlyDictionary<int, int> rates)
    {
        var hub = current.Hub! with { Rev = current.Hub!.Rev + 1 };
        var next = Create(edge, edges, announced.ApplyTo(hub), blocks, rates);
        return !blocksChanged && SameForEdge(current, next) ? null : next;
    }

    private static bool SameForEdge(TunnelConfig a, TunnelConfig b) =>
        SamePorts(a.ListenPorts, b.ListenPorts)
        && SamePorts(a.ListenPortsUdp, b.ListenPortsUdp)
        && a.StunIntervalSecs == b.StunIntervalSecs
        && EdgeFirewalls.AreSame(a.FirewallConfig, b.FirewallConfig)
        && SamePolicies(a.Ports, b.Ports)
        && a.Hub!.Pins.AsSpan().SequenceEqual(b.Hub!.Pins.AsSpan())
        && a.Hub.Address == b.Hub.Address;

    // The default policy is sent once, however many ports use it, followed by the ports with an entry of their own.
    private static ImmutableSortedDictionary<string, EdgePortPolicy> EdgePolicies(
        AllowedEdge edge, IReadOnlyDictionary<int, int> rates)
    {
        var policies = TunnelConfig.NoPolicies.ToBuilder();
        var shared = edge.SharedPolicy.Edge;
        // The default policy is made for TCP, so what only UDP ports have has to be said at each of them.
        var udpDiffers = edge.SharedUdpPolicy.Edge != shared.ForUdp();
        if (shared != EdgePortPolicy.None)
            policies.Add(TunnelConfig.DefaultPolicy, shared);
        foreach (var port in edge.TcpPorts)
            Add(udp: false, port);
        foreach (var port in edge.UdpPorts)
            Add(udp: true, port);
        return policies.ToImmutable();

        void Add(bool udp, int port)
        {
            var rate = udp || !rates.TryGetValue(port, out var now) ? (int?)null : now;
            if (!edge.HasOwnPolicy(udp, port) && !(udp && udpDiffers) && rate is null)
                return;
            var policy = edge.PolicyFor(udp, port).Edge;
            if (rate is not null && policy.Adaptive is not null)
                policy = policy with { Adaptive = rate };
            if (policy != shared)
                policies.Add(PortKey.For(udp, port), policy);
        }
    }

    private static bool SamePolicies(
        ImmutableSortedDictionary<string, EdgePortPolicy> a, ImmutableSortedDictionary<string, EdgePortPolicy> b) =>
        a.Count == b.Count && a.All(entry => b.TryGetValue(entry.Key, out var other) && entry.Value == other);

    private static bool SamePorts(ImmutableArray<int> a, ImmutableArray<int> b) => a.AsSpan().SequenceEqual(b.AsSpan());
}
