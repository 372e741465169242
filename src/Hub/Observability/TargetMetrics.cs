using System.Diagnostics.Metrics;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;

namespace Tunnel.Hub.Observability;

/// <summary>The instruments of pools: one series for each target of each port that has a pool.</summary>
internal static class TargetMetrics
{
    public static void Add(Meter meter, Func<HubParts?> parts)
    {
        meter.CreateObservableGauge(
            "tunnel.target.healthy", () => Read(parts, target => target.State == TargetState.Up ? 1 : 0), "{target}",
            "1 while a target of a pool gets its clients, 0 while its checks fail or its breaker is not closed.");
        meter.CreateObservableUpDownCounter(
            "tunnel.target.connections.active", () => Read(parts, target => target.ActiveConnections), "{connection}",
            "Connections and UDP sessions of a target open now.");
        meter.CreateObservableCounter(
            "tunnel.target.connections", () => Read(parts, target => target.TotalConnections), "{connection}",
            "Connections and UDP sessions that a target ever got.");
        meter.CreateObservableCounter(
            "tunnel.target.connections.failed", () => Read(parts, target => target.FailedConnections), "{connection}",
            "Those that failed because of the target.");
        meter.CreateObservableGauge(
            "tunnel.port.admission.rate", () => ReadAdmission(parts, admission => admission.Rate), "{connection}/s",
            "New connections a second that a port with adaptive admission admits now.");
        meter.CreateObservableGauge(
            "tunnel.port.admission.latency", () => ReadAdmission(parts, admission => admission.LatencyP95Ms / 1000), "s",
            "What 95 of 100 connections of such a port to its targets did not exceed in the last minute.");
    }

    private static IEnumerable<Measurement<double>> ReadAdmission(Func<HubParts?> parts, Func<AdmissionStatus, double?> read) =>
        from port in parts()?.Traffic.Ports ?? []
        let value = port.Admission is { } admission ? read(admission) : null
        where value is not null
        select new Measurement<double>(value.Value, Labels(new PoolKey(port.Key.EdgeId, port.Key.Udp, port.Key.Port)));

    private static IEnumerable<Measurement<long>> Read(Func<HubParts?> parts, Func<TargetStatus, long> read) =>
        from pool in parts()?.Pools.All ?? []
        let labels = Labels(pool.Key)
        from target in pool.Describe()
        select new Measurement<long>(read(target), [.. labels, new("target", target.Target)]);

    // A target may be in several pools of a port.
    private static KeyValuePair<string, object?>[] Labels(PoolKey key)
    {
        KeyValuePair<string, object?>[] port = [new("edge", key.EdgeId), new("port", key.Port), new("proto", key.Udp ? "udp" : "tcp")];
        return key.Route.Length == 0 ? port : [.. port, new("route", key.Route)];
    }
}
