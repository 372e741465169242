using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Observability;

namespace Tunnel.Hub.Observability;

/// <summary>
/// The hub's instruments (docs/operations/monitoring.md, Metrics). Nearly all are observed: a scrape reads what is counted anyway, so they
/// cost the traffic nothing.
/// </summary>
internal sealed class HubMetrics
{
    public const string MeterName = "Tunnel.Hub";

    // One scrape reads the same edges for ten instruments.
    private static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(200);

    private readonly Func<HubParts?> _parts;
    private readonly Func<long> _eventsDropped;
    private readonly TimeProvider _time;
    private readonly Histogram<double> _configApplied;
    private ImmutableArray<EdgeFigures> _figures = [];
    private long _readAt;

    /// <param name="factory">Makes the meter, and disposes of it.</param>
    /// <param name="parts">The parts of the present run, or null while the hub does not run.</param>
    /// <param name="eventsDropped">Returns the number of events lost because subscribers were too slow.</param>
    /// <param name="time">The hub's clock.</param>
    public HubMetrics(IMeterFactory factory, Func<HubParts?> parts, Func<long> eventsDropped, TimeProvider time)
    {
        _parts = parts;
        _eventsDropped = eventsDropped;
        _time = time;
        var meter = factory.Create(MeterName, ProductVersion.Number);
        _configApplied = meter.CreateHistogram<double>(
            "tunnel.config.apply.duration", "s", "Time from the push of a configuration until the edge reported that it is applied.");
        AddEdges(meter);
        EdgeStateMetrics.Add(meter, parts, time);
        AddTraffic(meter);
        AddPorts(meter);
        TargetMetrics.Add(meter, parts);
        AuthorizerMetrics.Add(meter, parts);
        AddForwarding(meter);
        AddProtection(meter);
        AddResources(meter);
    }

    /// <summary>Measures a run that has begun.</summary>
    public void Watch(HubParts parts) => parts.Live.Configs.Pushes.Measured = duration => _configApplied.Record(duration.TotalSeconds);

    private static IEnumerable<Measurement<long>> Dials(DialCount count) =>
    [
        new(count.Made, new KeyValuePair<string, object?>("edge", count.EdgeId), new("result", "ok")),
        new(count.Failed, new KeyValuePair<string, object?>("edge", count.EdgeId), new("result", "failed")),
    ];

    private void AddEdges(Meter meter)
    {
        meter.CreateObservableGauge(
            "tunnel.edges.allowed", () => Value(parts => parts.Edges.Current.Count), "{edge}", "Edges in the set, enabled or not.");
        meter.CreateObservableGauge(
            "tunnel.state.available", StateAvailable, null,
            "1 while the database that hubs share can be used, else 0; nothing where there is none.");
        meter.CreateObservableGauge(
            "tunnel.edges.connected", () => Value(_ => Figures().Length), "{edge}", "Edges with at least one tunnel.");
        meter.CreateObservableUpDownCounter(
            "tunnel.tunnels",
            () => Figures().Select(edge => new Measurement<int>(edge.Tunnels, Edge(edge), new("transport", Name(edge.Transport)))),
            "{tunnel}",
            "Tunnels, draining ones included.");
        TransportMetrics.AddLosses(meter, () => _parts()?.Live.News.Lost ?? 0, () => _parts()?.Live.News.Resumed ?? 0);
        meter.CreateObservableUpDownCounter(
            "tunnel.lanes", () =>
                PerEdge(edge => edge.Lanes), "{connection}", "Connections of tunnels: more than there are tunnels when some have lanes.");
        meter.CreateObservableCounter(
            "tunnel.lanes.refused", () => Value(parts => parts.Live.Lanes.Refused), "{connection}",
            "Connections that wanted to be a lane and were turned away.");
        meter.CreateObservableCounter(
            "tunnel.edge.dials", () => _parts() is { } parts ? parts.Dialer.Counts.SelectMany(Dials) : [], "{dial}",
            "Connections that the hub made to edges that await it, and tries that failed.");
        meter.CreateObservableGauge(
            "tunnel.rtt",
            () =>
                Figures().Where(edge => edge.RoundTrip is not null).Select(
                    edge => new Measurement<double>(edge.RoundTrip!.Value.TotalSeconds, Edge(edge))),
            "s",
            "Last measured round trip of an edge's newest tunnel.");
        meter.CreateObservableCounter(
            "tunnel.config.pushes", () => Value(parts => parts.Live.Configs.Pushes.Sent), "{push}",
            "Configurations pushed to connected edges.");
    }

    private void AddTraffic(Meter meter)
    {
        meter.CreateObservableUpDownCounter(
            "tunnel.streams.active", () => PerEdge(edge => edge.Streams), "{stream}", "TCP streams open now.");
        meter.CreateObservableCounter(
            "tunnel.streams.opened", () => PerEdge(edge => edge.Counters.StreamsOpened), "{stream}", "TCP streams ever opened.");
        meter.CreateObservableCounter(
            "tunnel.streams.reset", () => PerEdge(edge => edge.Counters.StreamsReset), "{stream}",
            "TCP streams that ended by a reset of either side.");
        meter.CreateObservableUpDownCounter(
            "tunnel.sessions.active", () => PerEdge(edge => edge.Sessions), "{session}", "UDP sessions open now.");
        meter.CreateObservableCounter(
            "tunnel.io",
            () => BothWays(edge => edge.Counters.BytesReceived, edge => edge.Counters.BytesSent),
            "By",
            "Payload bytes: in is from clients, out is to clients.");
        meter.CreateObservableCounter(
            "tunnel.datagrams",
            () => BothWays(edge => edge.Counters.DatagramsReceived, edge => edge.Counters.DatagramsSent),
            "{datagram}",
            "UDP datagrams: in is from clients, out is to clients.");
        meter.CreateObservableGauge(
            "tunnel.queue.size", QueueBytes, "By", "Bytes that wait to be sent in tunnels; TCP data waits in the kernel instead.");
        meter.CreateObservableGauge(
            "tunnel.queue.flows", QueueFlows, "{flow}", "Streams and sessions that have something to send and wait for their turn.");
    }

    // Only for ports that have been used: a range of a thousand ports that nobody connects to does not make a thousand series.
    private void AddPorts(Meter meter)
    {
        meter.CreateObservableUpDownCounter(
            "tunnel.port.connections.active", () =>
                PerPort(static port => [new(port.ActiveConnections, Port(port))]), "{connection}",
                "Connections and UDP sessions of a port open now.");
        meter.CreateObservableCounter(
            "tunnel.port.connections", () =>
                PerPort(static port => [new(port.TotalConnections, Port(port))]), "{connection}",
                "Connections and UDP sessions of a port ever opened.");
        meter.CreateObservableCounter(
            "tunnel.port.io",
            () =>
                PerPort(static port => [
                    new(port.BytesIn, [.. Port(port), new("direction", "in")]),
                    new(port.BytesOut, [.. Port(port), new("direction", "out")])]),
            "By",
            "Payload bytes of a port: in is from clients, out is to clients.");
        meter.CreateObservableCounter(
            "tunnel.port.blocked",
            () =>
                PerPort(
                    static port => port.Blocked.Select(count => new Measurement<long>(count.Value, [.. Port(port), Reason(count.Key)]))),
            "{client}",
            "Clients of a port that were turned away, at the edge or here.");
    }

    private void AddForwarding(Meter meter)
    {
        meter.CreateObservableCounter(
            "tunnel.streams.failed", () =>
                ByReason(parts => parts.Streams.Failures.Snapshot()), "{stream}", "Streams that did not get their upstream.");
        meter.CreateObservableCounter(
            "tunnel.datagrams.dropped",
            () => ByReason(static parts => parts.DatagramsDropped),
            "{datagram}",
            "UDP datagrams that were lost here.");
        meter.CreateObservableCounter(
            "tunnel.sessions.failed", () =>
                ByReason(static parts => parts.Sessions.Refused), "{session}", "UDP sessions that did not get or keep their upstream.");
    }

    private void AddProtection(Meter meter)
    {
        meter.CreateObservableCounter(
            "tunnel.connections.refused", () =>
                ByReason(parts => parts.Reception.Refusals.Snapshot()), "{connection}",
                "Connections to the tunnel port that did not become a tunnel.");
        meter.CreateObservableCounter(
            "tunnel.auth.failures", AuthFailures, "{attempt}",
            "Wrong ids or secrets; blocked are those of an address and id that failed too often.");
        meter.CreateObservableGauge(
            "tunnel.strangers", () => Value(parts => parts.Strangers.Count), "{connection}",
            "Connections that have not authenticated yet.");
        meter.CreateObservableCounter(
            "tunnel.events.dropped", () => _eventsDropped(), "{event}", "Events that subscribers were too slow for.");
    }

    private void AddResources(Meter meter)
    {
        TransportMetrics.Add(meter, () => _parts()?.Context);
        ProcessMetrics.Add(meter);
        meter.CreateObservableGauge(
            "tunnel.certificate.expiry.timestamp", CertificateExpiry, "s",
            "When the certificates of the hub and its ports end, in seconds since 1970.");
    }

    private IEnumerable<Measurement<long>> CertificateExpiry()
    {
        if (_parts() is not { } parts)
            yield break;
        yield return new(
            parts.Certificates.Present.Expires.ToUnixTimeSeconds(), new KeyValuePair<string, object?>("certificate", "present"));
        if (parts.Certificates.Next is { } next)
            yield return new(next.Expires.ToUnixTimeSeconds(), new KeyValuePair<string, object?>("certificate", "next"));
        var ofPorts = parts.Tls.Certificates.Concat(parts.Streams.UpstreamTls.Certificates).DistinctBy(static used => used.Path);
        foreach (var (path, used) in ofPorts)
            yield return new(used.Expires.ToUnixTimeSeconds(), new KeyValuePair<string, object?>("certificate", path));
    }

    private IEnumerable<Measurement<long>> AuthFailures()
    {
        if (_parts() is not { } parts)
            return [];
        var refusals = parts.Reception.Refusals;
        return [new(refusals[RefusalReason.Unauthorized], Reason("unauthorized")), new(refusals[RefusalReason.Blocked], Reason("blocked"))];
    }

    private IEnumerable<Measurement<long>> QueueBytes() =>
    [
        new(Figures().Sum(edge => edge.Queues.ControlBytes), new KeyValuePair<string, object?>("tier", "control")),
        new(Figures().Sum(edge => edge.Queues.DatagramBytes), new KeyValuePair<string, object?>("tier", "normal")),
    ];

    private IEnumerable<Measurement<long>> QueueFlows() =>
    [
        new(Figures().Sum(edge => edge.Queues.NormalFlows), new KeyValuePair<string, object?>("tier", "normal")),
        new(Figures().Sum(edge => edge.Queues.SustainedFlows), new KeyValuePair<string, object?>("tier", "sustained")),
    ];

    private IEnumerable<Measurement<long>> Value(Func<HubParts, long> read) => _parts() is { } parts ? [new(read(parts))] : [];

    private IEnumerable<Measurement<long>> StateAvailable() =>
        _parts()?.SharedState() is { } shared ? [new(shared.Fault is null ? 1 : 0)] : [];

    private IEnumerable<Measurement<long>> PerEdge(Func<EdgeFigures, long> read) =>
        Figures().Select(edge => new Measurement<long>(read(edge), Edge(edge)));

    private IEnumerable<Measurement<long>> BothWays(Func<EdgeFigures, long> fromClients, Func<EdgeFigures, long> toClients) =>
        Figures().SelectMany(edge => new Measurement<long>[]
    {
        new(fromClients(edge), Edge(edge), new("direction", "in")),
        new(toClients(edge), Edge(edge), new("direction", "out")),
    });

    private IEnumerable<Measurement<long>> ByReason(Func<HubParts, ImmutableSortedDictionary<string, long>> read) =>
        _parts() is { } parts ? read(parts).Select(count => new Measurement<long>(count.Value, Reason(count.Key))) : [];

    private IEnumerable<Measurement<long>> PerPort(Func<PortStatus, IEnumerable<Measurement<long>>> read) =>
        _parts() is { } parts ? parts.Traffic.Ports.SelectMany(port => read(port.Describe(isListening: false, name: null))) : [];

    private static KeyValuePair<string, object?>[] Port(PortStatus port) =>
        [new("edge", port.EdgeId), new("port", port.Port), new("proto", port.Proto)];

    private static KeyValuePair<string, object?> Edge(EdgeFigures edge) => new("edge", edge.EdgeId);

    private static KeyValuePair<string, object?> Reason(string reason) => new("reason", reason);

    private static string Name<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    // Two scrapes at once may both read, which does no harm.
    private ImmutableArray<EdgeFigures> Figures()
    {
        if (_parts() is not { } parts)
            return [];
        if (_readAt == 0 || _time.GetElapsedTime(_readAt) > MaxAge)
        {
            _figures = parts.Live.Read(EdgeFigures.Of);
            _readAt = _time.GetTimestamp();
        }

        return _figures;
    }
}
