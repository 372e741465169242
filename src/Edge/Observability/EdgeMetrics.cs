using System.Diagnostics.Metrics;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Ports;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Observability;

/// <summary>
/// The edge's instruments (docs/operations/monitoring.md, Metrics). All of them are observed: at a scrape they read what is counted anyway,
/// so traffic pays nothing for them.
/// </summary>
internal static class EdgeMetrics
{
    public const string MeterName = "Tunnel.Edge";

    /// <summary>Creates the meter and adds the instruments to it.</summary>
    /// <param name="factory">Creates the meter, and disposes of it.</param>
    /// <param name="parts">The parts that the figures are read from.</param>
    /// <param name="eventsDropped">Returns how many events were dropped because subscribers were too slow.</param>
    public static void Add(IMeterFactory factory, EdgeParts parts, Func<long> eventsDropped)
    {
        var meter = factory.Create(MeterName, ProductVersion.Number);
        AddTunnel(meter, parts);
        AddStrangers(meter, parts);
        AddTraffic(meter, parts);
        AddPorts(meter, parts);
        meter.CreateObservableGauge(
            "tunnel.firewall.state",
            () => new Measurement<int>(1, new KeyValuePair<string, object?>("state", parts.Firewall.Status.State)),
            null,
            "1 for the state of this machine's firewall.");
        TransportMetrics.Add(meter, () => parts.Transport);
        ProcessMetrics.Add(meter);
        meter.CreateObservableCounter("tunnel.events.dropped", eventsDropped, "{event}", "Events that subscribers were too slow for.");
    }

    private static void AddTunnel(Meter meter, EdgeParts parts)
    {
        meter.CreateObservableGauge(
            "tunnel.connected", () => parts.Hubs.Main.Connector.Status.Connected ? 1 : 0, null, "1 while there is a tunnel to the hub.");
        meter.CreateObservableGauge(
            "tunnel.hub.connected", () => parts.Hubs.Links.Select(Connected), null, "1 while there is a tunnel to this hub.");
        meter.CreateObservableGauge(
            "tunnel.transport", () => Transport(parts.Hubs.Main.Connector.Status), null,
            "1 for the transport of the present tunnel, and why it is this one.");
        meter.CreateObservableUpDownCounter(
            "tunnel.tunnels", () => parts.Hubs.Totals.Open, "{tunnel}", "Tunnels, draining ones included.");
        TransportMetrics.AddLosses(meter, () => parts.Losses.Lost, () => parts.Losses.Resumed);
        meter.CreateObservableUpDownCounter(
            "tunnel.lanes", () => parts.Hubs.Totals.Lanes, "{connection}",
            "Connections of tunnels: more than there are tunnels when some have lanes.");
        meter.CreateObservableGauge(
            "tunnel.rtt",
            () =>
                parts.Hubs.Main.Connector.Current?.RoundTripTime is { } trip
                ? [new Measurement<double>(trip.TotalSeconds)]
                : Array.Empty<Measurement<double>>(),
            "s",
            "Last measured round trip to the hub.");
        meter.CreateObservableGauge(
            "tunnel.queue.size", () => QueueBytes(parts), "By",
            "Bytes that wait to be sent in tunnels; TCP data waits in the kernel instead.");
        meter.CreateObservableGauge(
            "tunnel.queue.flows", () => QueueFlows(parts), "{flow}",
            "Streams and sessions that have something to send and wait for their turn.");
    }

    private static void AddStrangers(Meter meter, EdgeParts parts) => meter.CreateObservableCounter(
        "tunnel.connections.refused", () => ByReason(parts.Strangers), "{connection}",
        "Connections to the port at which the hub is awaited that were none of its.");

    private static void AddTraffic(Meter meter, EdgeParts parts)
    {
        meter.CreateObservableUpDownCounter(
            "tunnel.streams.active", () => parts.Hubs.Totals.ActiveStreams, "{stream}", "TCP streams open now.");
        meter.CreateObservableCounter(
            "tunnel.streams.opened", () => parts.Hubs.Totals.GetCounters().StreamsOpened, "{stream}", "TCP streams ever opened.");
        meter.CreateObservableCounter(
            "tunnel.streams.reset", () =>
                parts.Hubs.Totals.GetCounters().StreamsReset, "{stream}", "TCP streams that ended by a reset of either side.");
        meter.CreateObservableUpDownCounter(
            "tunnel.sessions.active", () => parts.Hubs.Totals.ActiveSessions, "{session}", "UDP sessions open now.");
        meter.CreateObservableCounter(
            "tunnel.io", () =>
                BothWays(parts, sum => sum.BytesSent, sum => sum.BytesReceived), "By",
                "Payload bytes: in is from clients, out is to clients.");
        meter.CreateObservableCounter(
            "tunnel.datagrams", () =>
                BothWays(parts, sum => sum.DatagramsSent, sum => sum.DatagramsReceived), "{datagram}",
                "UDP datagrams: in is from clients, out is to clients.");
        meter.CreateObservableCounter(
            "tunnel.datagrams.dropped",
            () => ByReason(parts.DatagramsDropped),
            "{datagram}",
            "UDP datagrams that were lost here.");
        meter.CreateObservableCounter(
            "tunnel.sessions.failed", () => ByReason(parts.Refusals.SessionsToDictionary()), "{session}",
            "UDP sessions that gave way to others.");
        meter.CreateObservableCounter(
            "tunnel.streams.failed", () => ByReason(parts.Refusals.ClientsToDictionary()), "{stream}", "Clients that were turned away.");
    }

    private static void AddPorts(Meter meter, EdgeParts parts)
    {
        meter.CreateObservableGauge("tunnel.ports.bound", () => Ports(parts.Ports.GetState()), "{port}", "Ports that are bound.");
        meter.CreateObservableGauge(
            "tunnel.ports.failed", () => parts.Ports.GetState().Failed.Count, "{port}", "Assigned ports that can't be bound.");
    }

    private static Measurement<int> Connected(HubLink hub) =>
        new(hub.Connector.Status.Connected ? 1 : 0, new KeyValuePair<string, object?>("hub", hub.Renewals.Current.Name));

    private static Measurement<int>[] Transport(ConnectionStatus status) => status is { Transport: { } kind, Choice: { } choice }
        ? [new(1, new("transport", kind.Word()), new("reason", choice.Word))]
        : [];

    private static Measurement<long>[] Ports(PortState state) =>
    [
        new(state.NumbersOf(PortProtocol.Tcp).Length, new KeyValuePair<string, object?>("protocol", "tcp")),
        new(state.NumbersOf(PortProtocol.Udp).Length, new KeyValuePair<string, object?>("protocol", "udp")),
    ];

    private static Measurement<long>[] QueueBytes(EdgeParts parts)
    {
        var queues = parts.Hubs.Totals.GetQueues();
        return
        [
            new(queues.ControlBytes, new KeyValuePair<string, object?>("tier", "control")),
            new(queues.DatagramBytes, new KeyValuePair<string, object?>("tier", "normal")),
        ];
    }

    private static Measurement<long>[] QueueFlows(EdgeParts parts)
    {
        var queues = parts.Hubs.Totals.GetQueues();
        return
        [
            new(queues.NormalFlows, new KeyValuePair<string, object?>("tier", "normal")),
            new(queues.SustainedFlows, new KeyValuePair<string, object?>("tier", "sustained")),
        ];
    }

    private static Measurement<long>[] BothWays(
        EdgeParts parts, Func<TunnelCounters, long> fromClients, Func<TunnelCounters, long> toClients)
    {
        var sum = parts.Hubs.Totals.GetCounters();
        return
        [
            new(fromClients(sum), new KeyValuePair<string, object?>("direction", "in")),
            new(toClients(sum), new KeyValuePair<string, object?>("direction", "out")),
        ];
    }

    private static IEnumerable<Measurement<long>> ByReason(IReadOnlyDictionary<string, long> counts) =>
        counts.Select(static count => new Measurement<long>(count.Value, new KeyValuePair<string, object?>("reason", count.Key)));
}
