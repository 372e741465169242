using System.Collections.Immutable;
using System.Text.Json;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Edges.Live;

/// <summary>What an edge is told of its definition: only what it needs, never a target.</summary>
internal static class EdgeConfigs
{
    public static TunnelConfig Create(AllowedEdge edge, HubInfo hub) => new()
    {
        ListenPorts = edge.TcpPorts,
        ListenPortsUdp = edge.UdpPorts,
        StunIntervalSecs = edge.StunIntervalSecs,
        FirewallConfig = edge.FirewallConfig,
        Hub = hub,
    };

    /// <summary>The configuration after a change, with its revision raised; null when the edge would see no difference.</summary>
    public static TunnelConfig? Next(TunnelConfig current, AllowedEdge edge)
    {
        var next = Create(edge, current.Hub! with { Rev = current.Hub!.Rev + 1 });
        return SameForEdge(current, next) ? null : next;
    }

    private static bool SameForEdge(TunnelConfig a, TunnelConfig b) =>
        SamePorts(a.ListenPorts, b.ListenPorts)
        && SamePorts(a.ListenPortsUdp, b.ListenPortsUdp)
        && a.StunIntervalSecs == b.StunIntervalSecs
        && SameJson(a.FirewallConfig, b.FirewallConfig);

    private static bool SamePorts(ImmutableArray<int> a, ImmutableArray<int> b) => a.AsSpan().SequenceEqual(b.AsSpan());

    private static bool SameJson(JsonElement? a, JsonElement? b) =>
        a is { } left && b is { } right ? JsonElement.DeepEquals(left, right) : a is null && b is null;
}
