using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Status;
using Tunnel.Hub.Traffic;

namespace Tunnel.Hub.Admin;

/// <summary>Answers open streams, counters by port and edge, and the log of connections.</summary>
internal sealed class TrafficEndpoints(IAdministeredHub hub)
{
    /// <summary>The most ports of one answer that has a limit.</summary>
    public const int MaxPorts = 1000;

    public void Map(AdminRoutes routes)
    {
        Filtered(
            routes.Get("/api/v1/streams", StreamsAsync, "listStreams", "TCP streams and UDP sessions that are open now, the oldest first."))
            .Answers<StreamsAnswer>().Fails(StatusCodes.Status400BadRequest);
        routes.Get("/api/v1/streams/stats", StatsAsync, "getStreamStats", "Counters of every assigned port since the hub's start.")
            .Query<string>("edge", "Only of this edge.")
            .Query<bool>("used", "true: only ports at which something has happened, or that have a pool")
            .Query<int>(
                "limit",
                $"At most so many ports, 1–{MaxPorts}, those in trouble first, then those with most connections; without it all of them.")
            .Answers<StreamStatsAnswer>().Fails(StatusCodes.Status400BadRequest);
        Filtered(routes.Get(
            "/api/v1/connections", ConnectionsAsync, "listConnections",
            "The last 10,000 connections of ports with logConnections, the newest first."))
            .Query<string>("action", "allowed or blocked.")
            .Query<DateTimeOffset>("since", "Not before this time (ISO 8601).")
            .Query<DateTimeOffset>("until", "Before this time (ISO 8601).")
            .Answers<ConnectionsAnswer>().Fails(StatusCodes.Status400BadRequest);
    }

    private static AdminRoute Filtered(AdminRoute route) => route
        .Query<string>("edge", "Only of this edge.")
        .Query<string>("port", "Only of this listening port: 443, tcp/443 or udp/53.")
        .Query<string>("address", "Only of clients with this address, or in this CIDR.")
        .Query<int>("limit", $"At most so many, 1–{TrafficQuery.MaxLimit}; default {TrafficQuery.DefaultLimit}.")
        .Query<string>("cursor", "Where the last page ended: its member next.");

    private Task StreamsAsync(HttpContext context)
    {
        var query = TrafficQuery.Read(context.Request);
        // Takes one more than requested, to see whether there are more.
        ImmutableArray<LiveConnection> found =
        [
            .. hub.Traffic.Live()
                .Where(stream => stream.Id > (query.Cursor ?? 0) && query.Filter.Matches(stream))
                .OrderBy(stream => stream.Id)
                .Take(query.Limit + 1),
        ];
        var page = Page(found, query.Limit);
        return AdminResults.WriteAsync(
            context, new StreamsAnswer { Streams = page, Next = Next(found, page, stream => stream.Id) }, AdminJson.Default.StreamsAnswer);
    }

    private Task StatsAsync(HttpContext context)
    {
        var reader = new QueryReader(context.Request);
        var edge = reader.Text("edge");
        var limit = reader.Parse("limit", text => QueryReader.ReadNumber(text, 1, MaxPorts), $"must be 1–{MaxPorts}");
        var isUsed = AdminRequest.Flag(context, "used");
        reader.Check();
        var status = hub.GetStatus();
        ImmutableArray<PortStatus> ports = isUsed
            ? [.. status.Ports.Where(port => edge is null || port.EdgeId == edge)]
            :
            [
                .. PortStatuses.OfAll(
                    hub.Edges.Current.Values.Where(allowed => edge is null || allowed.Id == edge), status.ConnectedEdges, hub.Traffic,
                    hub.Pools),
            ];
        return AdminResults.WriteAsync(
            context,
            new StreamStatsAnswer
            {
                Ports = limit is { } most ? WorstOf(ports, (int)most) : ports,
                ActiveConnections = ports.Sum(port => (long)port.ActiveConnections),
                TotalConnections = ports.Sum(port => port.TotalConnections),
                BytesIn = ports.Sum(port => port.BytesIn),
                BytesOut = ports.Sum(port => port.BytesOut),
                Blocked = ports.Sum(port => port.Blocked.Values.Sum()),
                Errors = ports.Sum(port => port.Errors.Values.Sum()),
            },
            AdminJson.Default.StreamStatsAnswer);
    }

    private Task ConnectionsAsync(HttpContext context)
    {
        var query = TrafficQuery.Read(context.Request);
        var found = hub.Traffic.Log.Find(query.Filter, query.Cursor, query.Limit + 1);
        var page = Page(found, query.Limit);
        return AdminResults.WriteAsync(
            context,
            new ConnectionsAnswer { Connections = page, Next = Next(found, page, record => record.Id), Unnamed = hub.Traffic.LogDropped },
            AdminJson.Default.ConnectionsAnswer);
    }

    private static ImmutableArray<PortStatus> WorstOf(ImmutableArray<PortStatus> ports, int limit) =>
        [.. ports.OrderBy(port => PortHealth.Of(port).Health).ThenByDescending(port => port.ActiveConnections).Take(limit)];

    private static ImmutableArray<T> Page<T>(ImmutableArray<T> found, int limit) => found.Length > limit ? found[..limit] : found;

    private static string? Next<T>(ImmutableArray<T> found, ImmutableArray<T> page, Func<T, long> idOf) =>
        found.Length > page.Length ? idOf(page[^1]).ToString(CultureInfo.InvariantCulture) : null;
}
