using System.Collections.Immutable;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Edges.Live;

/// <summary>What an edge is told of its definition: only what it needs, never a target.</summary>
internal static class EdgeConfigs
{
    public static TunnelConfig Create(AllowedEdge edge, HubInfo hub, IReadOnlyList<TimedBlock> blocks) => new()
    {
        ListenPorts = edge.TcpPorts,
        ListenPortsUdp = edge.UdpPorts,
        StunIntervalSecs = edge.StunIntervalSecs,
        FirewallConfig = EdgeFirewalls.WithBlocks(edge.FirewallConfig, blocks),
        Hub = hub,
    };

    /// <summary>The configuration after a change, with its revision raised; null when the edge would see no difference.</summary>
    public static TunnelConfig? Next(TunnelConfig current, AllowedEdge edge, IReadOnlyList<TimedBlock> blocks, bool blocksChanged)
    {
        var next = Create(edge, current.Hub! with { Rev = current.Hub!.Rev + 1 }, blocks);
        return !blocksChanged && SameForEdge(current, next) ? null : next;
    }

    private static bool SameForEdge(TunnelConfig a, TunnelConfig b) =>
        SamePorts(a.ListenPorts, b.ListenPorts)
        && SamePorts(a.ListenPortsUdp, b.ListenPortsUdp)
        && a.StunIntervalSecs == b.StunIntervalSecs
        && EdgeFirewalls.AreSame(a.FirewallConfig, b.FirewallConfig);

    private static bool SamePorts(ImmutableArray<int> a, ImmutableArray<int> b) => a.AsSpan().SequenceEqual(b.AsSpan());
}
