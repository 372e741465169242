using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.History;
using Tunnel.Hub.Status;
using Tunnel.Hub.Traffic;

namespace Tunnel.Hub.Admin;

/// <summary>Answers what a dashboard shows: as much as a screen holds, however many edges there are.</summary>
internal sealed class OverviewEndpoints(IAdministeredHub hub)
{
    // The lists of ports that an edge may have are long; a line of a dashboard is not.
    private const int MaxPorts = 64;

    public void Map(AdminRoutes routes) =>
        OverviewQuery.Declare(routes.Get(
            "/api/v1/overview", OverviewAsync, "getOverview",
            "Whether all is well, how much passes, what is wrong and what to do about it, and a page of the edges."))
            .Answers<OverviewAnswer>();

    private Task OverviewAsync(HttpContext context)
    {
        var query = OverviewQuery.Read(context);
        return AdminResults.WriteAsync(
            context, Describe(hub.GetStatus(), hub.History.Now, query, hub.Time.GetUtcNow()), AdminJson.Default.OverviewAnswer);
    }

    private static OverviewAnswer Describe(
        HubStatus status, IReadOnlyDictionary<string, TrafficPoint> rates, OverviewQuery query, DateTimeOffset now)
    {
        var troubles = HubTroubles.Find(status, now).ToList();
        var live = status.ConnectedEdges.ToDictionary(edge => edge.EdgeId, StringComparer.Ordinal);
        var ports = status.Ports.ToLookup(port => port.EdgeId, StringComparer.Ordinal);
        var (page, found) = query.Take(status.Edges.Select(
            edge => Line(
                edge, status.SharedState is not null, live.GetValueOrDefault(edge.EdgeId), ports[edge.EdgeId],
                rates.GetValueOrDefault(edge.EdgeId))));
        return new OverviewAnswer
        {
            Version = status.Version,
            Since = status.Since,
            TunnelPort = status.TunnelPort,
            PublicHost = status.PublicHost,
            TargetHost = status.TargetHost,
            AllowedEdges = status.Edges.Length,
            EnabledEdges = status.Edges.Count(edge => edge.State != EdgeCondition.Disabled),
            EdgesConnected = status.EdgesConnected,
            ActiveStreams = status.ConnectedEdges.Sum(edge => edge.ActiveStreams),
            ActiveSessions = status.ConnectedEdges.Sum(edge => edge.ActiveSessions),
            RateIn = (long)rates.Values.Sum(point => point.BytesIn),
            RateOut = (long)rates.Values.Sum(point => point.BytesOut),
            Failures = Sum(status.StreamFailures, status.SessionFailures),
            MemoryBudget = status.MemoryBudget,
            MemoryUsed = status.MemoryUsed,
            DescriptorLimit = status.DescriptorLimit,
            Bad = troubles.Count(trouble => trouble.Health == Health.Bad),
            Warn = troubles.Count(trouble => trouble.Health == Health.Warn),
            Troubles =
            [
                .. troubles.Where(trouble => query.EdgeId is null || trouble.EdgeId == query.EdgeId).Take(OverviewAnswer.MaxTroubles),
            ],
            Found = found,
            Edges = WithPorts(page, status),
        };
    }

    private static EdgeOverview Line(
        AllowedEdgeStatus edge, bool isShared, ConnectedEdgeStatus? live, IEnumerable<PortStatus> ports, TrafficPoint rate)
    {
        var (health, word) = EdgeHealth.Of(edge, isShared, live, ports);
        return new EdgeOverview
        {
            EdgeId = edge.EdgeId,
            Health = health,
            Word = word,
            Connected = live is not null,
            Since = edge.ConnectedSince ?? edge.LastSeen,
            Remote = edge.Remote,
            Transport = live?.Transport,
            Lanes = live?.Lanes > live?.Tunnels ? live?.Lanes : null,
            Rtt = live?.Rtt,
            Open = live?.ActiveStreams + live?.ActiveSessions,
            RateIn = live is null ? null : (long)rate.BytesIn,
            RateOut = live is null ? null : (long)rate.BytesOut,
            BytesIn = live?.BytesIn,
            BytesOut = live?.BytesOut,
            Ports = "",
        };
    }

    // Made for the page alone: no order needs them, and there may be ten thousand edges.
    private static ImmutableArray<EdgeOverview> WithPorts(ImmutableArray<EdgeOverview> page, HubStatus status)
    {
        var shown = page.ToDictionary(line => line.EdgeId, StringComparer.Ordinal);
        foreach (var edge in status.Edges.Where(edge => shown.ContainsKey(edge.EdgeId)))
        {
            var failed = Ports(edge.Tcp.Failed, edge.Udp.Failed);
            shown[edge.EdgeId] = shown[edge.EdgeId] with
            {
                Ports = Ports(edge.Tcp.Wanted, edge.Udp.Wanted),
                FailedPorts = failed.Length > 0 ? failed : null,
            };
        }

        return [.. page.Select(line => shown[line.EdgeId])];
    }

    private static string Ports(string tcp, string udp)
    {
        var text = string.Join(", ", new[] { ("tcp", tcp), ("udp", udp) }.Where(ports => ports.Item2.Length > 0)
            .Select(ports => $"{ports.Item1} {ports.Item2}"));
        return text.Length > MaxPorts ? $"{text[..(MaxPorts - 1)]}…" : text;
    }

    private static ImmutableSortedDictionary<string, long> Sum(params IEnumerable<KeyValuePair<string, long>>[] counts) =>
        counts.SelectMany(static all => all).Where(static count => count.Value > 0)
            .GroupBy(static count => count.Key, StringComparer.Ordinal)
            .ToImmutableSortedDictionary(
                static same => same.Key, static same => same.Sum(static count => count.Value), StringComparer.Ordinal);
}
