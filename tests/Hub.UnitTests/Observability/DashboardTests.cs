using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tunnel.Hub.Observability;
using Tunnel.Shared.Observability;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Observability;

/// <summary>The dashboard and the alerts ask for metrics that there are.</summary>
public sealed partial class DashboardTests
{
    [Theory]
    [InlineData("deploy/grafana/tunnel.json", 25)]
    [InlineData("deploy/prometheus/alerts.yml", 12)]
    [InlineData("deploy/prometheus/alerts.test.yml", 9)]
    public void Every_metric_that_is_named_is_one_of_the_hub(string file, int atLeast)
    {
        var named = Metric().Matches(Documentation.Read(file)).Select(match => match.Value).Distinct().ToArray();

        Assert.True(named.Length >= atLeast, $"{named.Length} metrics are named");
        Assert.Empty(named.Except(MetricsOfTheHub()));
    }

    [Fact]
    public void The_dashboard_has_ids_and_places_of_its_own_for_its_panels_and_asks_the_chosen_source()
    {
        using var dashboard = JsonDocument.Parse(Documentation.Read("deploy/grafana/tunnel.json"));
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().ToArray();

        Assert.Equal(panels.Length, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.Equal(panels.Length, panels.Select(panel => panel.GetProperty("gridPos").GetRawText()).Distinct().Count());
        Assert.All(panels, panel =>
        {
            var place = panel.GetProperty("gridPos");
            Assert.InRange(place.GetProperty("x").GetInt32() + place.GetProperty("w").GetInt32(), 1, 24);
            if (panel.GetProperty("type").GetString() != "row")
                Assert.Equal("${datasource}", panel.GetProperty("datasource").GetProperty("uid").GetString());
        });
    }

    // Edges that are scraped too have the same metrics, without an id: a sum over all edges would count them twice.
    [Fact]
    public void All_edges_are_those_of_the_hubs_metrics_and_not_the_edges_own()
    {
        using var dashboard = JsonDocument.Parse(Documentation.Read("deploy/grafana/tunnel.json"));
        var edge = dashboard.RootElement.GetProperty("templating").GetProperty("list").EnumerateArray().Single(
            variable => variable.GetProperty("name").GetString() == "edge");
        Assert.Equal(".+", edge.GetProperty("allValue").GetString());
        foreach (var query in Queries(dashboard.RootElement).Where(query => query.Contains("tunnel_io_", StringComparison.Ordinal)))
            Assert.Contains("edge=~\"$edge\"", query);
    }

    private static IEnumerable<string> Queries(JsonElement dashboard) => dashboard.GetProperty("panels").EnumerateArray()
        .Where(panel => panel.TryGetProperty("targets", out _))
        .SelectMany(panel => panel.GetProperty("targets").EnumerateArray().Select(target => target.GetProperty("expr").GetString()!));

    private static HashSet<string> MetricsOfTheHub()
    {
        using var meters = new ServiceMeters();
        var names = new HashSet<string>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == HubMetrics.MeterName)
                    names.Add(PrometheusNames.Of(instrument.Name, instrument.Unit, MetricKinds.Of(instrument)));
            },
        };
        listener.Start();
        _ = new HubMetrics(meters.Factory, () => null, () => 0, TimeProvider.System);
        return names;
    }

    [GeneratedRegex(@"\b(?:tunnel|process)_[a-z_]+[a-z]\b")]
    private static partial Regex Metric();
}
