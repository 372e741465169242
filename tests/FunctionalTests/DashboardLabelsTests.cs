using System.Text.Json;
using System.Text.RegularExpressions;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>
/// The Grafana dashboard and the alerts select, group by and write into their texts only what a real hub's metrics have.
/// </summary>
public sealed partial class DashboardLabelsTests
{
    // Prometheus itself adds these.
    private static readonly string[] OfPrometheus = ["instance", "job"];

    [Fact]
    public async Task Every_label_that_is_asked_for_is_one_of_the_metric()
    {
        await using var setup = await TunnelSetup.StartAsync(tcp: 2, udp: 1, policies: TunnelSetup.WithoutHeader);
        await setup.Hub.AddEdgeAsync("down", [443], [53]);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);
        await open.AssertEchoAsync();
        // The target of this one does not listen.
        await setup.AssertResetsAsync(setup.Tcp[1]);
        using (var stranger = await TunnelPeer.ConnectAsync(setup.Hub.EndPoint))
        {
            await stranger.SendAsync("EDGE nobody a-secret-that-is-wrong\n");
            await stranger.ReadLineAsync();
        }

        using var client = new AdminClient("tunnel-hub", setup.Hub.AdminSocket);
        var labels = new Dictionary<string, HashSet<string>>();
        // The round trip may take a moment.
        await Eventually.IsTrueAsync(
            async () => (labels = LabelsOf((await client.GetAsync("metrics", TestContext.Current.CancellationToken)).Body)).ContainsKey(
                "tunnel_rtt_seconds"),
            "the round trip to be measured");

        var seen = new HashSet<string>();
        var faults = Panels().Concat(Alerts()).SelectMany(text => Faults(text.Query, text.Words, labels, seen)).ToArray();
        Assert.Empty(faults);
        // The other metrics have no series for this hub; that they exist is known without one.
        Assert.True(seen.Count >= 22, $"only {string.Join(' ', seen.Order())}");
    }

    private static IEnumerable<string> Faults(string query, string words, Dictionary<string, HashSet<string>> labels, HashSet<string> seen)
    {
        var named = Metric().Matches(query).Select(match => match.Value).Where(labels.ContainsKey).ToArray();
        seen.UnionWith(named);
        foreach (var selector in Selector().Matches(query).Where(match => labels.ContainsKey(match.Groups[1].Value)))
        {
            foreach (var label in Matcher().Matches(selector.Groups[2].Value).Select(match => match.Groups[1].Value).Except(OfPrometheus))
            {
                if (!labels[selector.Groups[1].Value].Contains(label))
                    yield return $"{selector.Groups[1].Value} has no label {label}: {query}";
            }
        }

        if (named.Length == 0)
            yield break;
        var wanted = Grouping().Matches(query).SelectMany(match => match.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries))
            .Concat(Placeholder().Matches(words).Select(match => match.Groups[1].Value));
        foreach (var label in wanted.Except(OfPrometheus).Where(label => !named.Any(name => labels[name].Contains(label))))
            yield return $"no metric has the label {label}: {query} {words}";
    }

    private static IEnumerable<(string Query, string Words)> Panels()
    {
        using var dashboard = JsonDocument.Parse(Documentation.Read("deploy/grafana/tunnel.json"));
        var targets = dashboard.RootElement.GetProperty("panels").EnumerateArray().Where(panel => panel.TryGetProperty("targets", out _))
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray());
        return
        [
            .. targets.Select(target => (
                target.GetProperty("expr").GetString()!, target.TryGetProperty("legendFormat", out var legend) ? legend.GetString()! : "")),
        ];
    }

    private static IEnumerable<(string Query, string Words)> Alerts() =>
        Documentation.Read("deploy/prometheus/alerts.yml").Split("- alert: ").Skip(1)
        .Select(alert => (alert.Split('\n').Single(line => line.Contains("expr: ", StringComparison.Ordinal)), alert));

    // Returns the labels of each metric that has a series.
    private static Dictionary<string, HashSet<string>> LabelsOf(string metrics)
    {
        var labels = new Dictionary<string, HashSet<string>>();
        foreach (var series in metrics.Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            var name = series[..series.IndexOfAny(['{', ' '])];
            if (!labels.TryGetValue(name, out var known))
                labels[name] = known = [];
            known.UnionWith(Pair().Matches(series).Select(match => match.Groups[1].Value));
        }

        return labels;
    }

    [GeneratedRegex(@"\b(?:tunnel|process)_[a-z_]+[a-z]\b")]
    private static partial Regex Metric();

    [GeneratedRegex(@"\b([a-z_]+)\{([^}]*)\}")]
    private static partial Regex Selector();

    [GeneratedRegex(@"([a-z_]+)\s*(?:=~|!~|!=|=)")]
    private static partial Regex Matcher();

    [GeneratedRegex(@"\b(?:by|on)\s*\(([^)]*)\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"[{,]([a-z_]+)=""")]
    private static partial Regex Pair();
}
