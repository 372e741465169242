using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Status;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Observability;

/// <summary>
/// Instruments with a series for every allowed edge, connected or not, so that an edge that is down does not just vanish from a graph.
/// </summary>
internal sealed class EdgeStateMetrics
{
    // One scrape reads the same edges for all instruments.
    private static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(200);

    // The list is fixed, because an edge may report anything and each word would become a series.
    private static readonly string[] FirewallStates =
    [
        FirewallReport.None, FirewallReport.Applied, FirewallReport.RolledBack, FirewallReport.Refused, FirewallReport.Failed,
        FirewallReport.Unavailable, FirewallReport.Off,
    ];

    private readonly Func<HubParts?> _parts;
    private readonly TimeProvider _time;
    private ImmutableArray<EdgeRow> _rows = [];
    private long _readAt;

    private EdgeStateMetrics(Func<HubParts?> parts, TimeProvider time) => (_parts, _time) = (parts, time);

    /// <summary>Adds the instruments to a meter.</summary>
    public static void Add(Meter meter, Func<HubParts?> parts, TimeProvider time)
    {
        var it = new EdgeStateMetrics(parts, time);
        meter.CreateObservableGauge(
            "tunnel.edge.connected", () => it.Each(row => [new(row.Live is null ? 0 : 1, row.Edge)]), null,
            "1 while the edge has a tunnel, else 0.");
        meter.CreateObservableGauge(
            "tunnel.edge.state", () =>
                it.Each(row => [new(1, row.Edge, new("state", Word(row.Status.State.ToString())))]), null,
                "1 for the state that the edge is in: connected, or why it is not.");
        meter.CreateObservableGauge(
            "tunnel.edge.last_seen.timestamp",
            () => it.Each(row => row.Status.LastSeen is { } seen ? [new(seen.ToUnixTimeSeconds(), row.Edge)] : []),
            "s",
            "When the edge was last connected, in seconds since 1970; now while it is.");
        meter.CreateObservableGauge(
            "tunnel.edge.ports", () => it.Each(PortCounts), "{port}",
            "Ports of the edge: wanted by the hub, bound by the edge, and failed.");
        meter.CreateObservableGauge(
            "tunnel.port.bound", () => it.Each(PortsBound), null,
            "1 while the edge has bound the port, or all ports of the range, that it is assigned, else 0.");
        meter.CreateObservableGauge(
            "tunnel.firewall.state",
            () =>
                it.Each(row => row.Live?.Firewall is { } firewall ? [
                    new(1, row.Edge, new("state", FirewallStates.Contains(firewall.State) ? firewall.State : "other"))] : []),
            null,
            "1 for the state of the edge's firewall.");
    }

    private IEnumerable<Measurement<long>> Each(Func<EdgeRow, IEnumerable<Measurement<long>>> read) => Rows().SelectMany(read);

    private static IEnumerable<Measurement<long>> PortCounts(EdgeRow row)
    {
        foreach (var (proto, wanted) in ((string, int)[])[("tcp", row.Allowed.TcpPorts.Length), ("udp", row.Allowed.UdpPorts.Length)])
        {
            var bound = row.Live?.Bound.Where(port => port.Proto == proto).Sum(port => port.Count) ?? 0;
            var failed = row.Live?.FailedPorts.Where(port => port.Proto == proto).Sum(port => (long)(port.To ?? port.Port) - port.Port + 1)
                ?? 0;
            yield return new(wanted, row.Edge, new("proto", proto), new("state", "wanted"));
            yield return new(bound, row.Edge, new("proto", proto), new("state", "bound"));
            yield return new(failed, row.Edge, new("proto", proto), new("state", "failed"));
        }
    }

    // Counted by the ranges that the operator has written, whose number does not change with what an edge could bind.
    private static IEnumerable<Measurement<long>> PortsBound(EdgeRow row)
    {
        foreach (var udp in (bool[])[false, true])
        {
            var proto = udp ? "udp" : "tcp";
            var bound = row.Live?.Bound.Where(port => port.Proto == proto).SelectMany(port => port.Numbers()).ToHashSet() ?? [];
            foreach (var range in udp ? row.Allowed.Definition.ListenPortsUdp : row.Allowed.Definition.ListenPorts)
            {
                var assigned =
                    Enumerable.Range(range.First, range.Last - range.First + 1).Where(port => row.Allowed.IsAssigned(udp, port)).ToArray();
                if (assigned.Length > 0)
                    yield return new(assigned.All(bound.Contains) ? 1 : 0, row.Edge, new("port", range.ToString()), new("proto", proto));
            }
        }
    }

    private ImmutableArray<EdgeRow> Rows()
    {
        if (_parts() is not { } parts)
            return [];
        if (_readAt == 0 || _time.GetElapsedTime(_readAt) > MaxAge)
        {
            var state = parts.Edges.State;
            var connected = parts.Live.Read(ConnectedEdges.Describe);
            var live = connected.ToDictionary(edge => edge.EdgeId, StringComparer.Ordinal);
            _rows =
            [
                .. AllowedEdges.Describe(state, connected, parts.Live.Presences, static _ => default, _time.GetUtcNow())
                    .Select(edge => new EdgeRow(state.Edges[edge.EdgeId], edge, live.GetValueOrDefault(edge.EdgeId))),
            ];
            _readAt = _time.GetTimestamp();
        }

        return _rows;
    }

    private static string Word(string name) => JsonNamingPolicy.CamelCase.ConvertName(name);

    private sealed record EdgeRow(AllowedEdge Allowed, AllowedEdgeStatus Status, ConnectedEdgeStatus? Live)
    {
        public KeyValuePair<string, object?> Edge => new("edge", Allowed.Id);
    }
}
