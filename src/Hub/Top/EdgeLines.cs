using System.Globalization;
using System.Text.Json;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Shared.Dashboard;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Top;

/// <summary>One edge as a line of the list.</summary>
/// <param name="Edge">The edge.</param>
/// <param name="Past">What passed lately; null when it was not asked for.</param>
internal sealed record ListedEdge(EdgeOverview Edge, HistorySeries? Past);

/// <summary>The list of edges.</summary>
internal static class EdgeLines
{
    public static readonly Column<ListedEdge>[] Columns =
    [
        new("EDGE", 14, (line, _) => (line.Edge.EdgeId, Ink.Bold))
        {
            Most = 64, Sort = (a, b) => string.CompareOrdinal(a.Edge.EdgeId, b.Edge.EdgeId),
        },
        new("STATE", 16, (line, _) => Marks.Of(line.Edge.Health, line.Edge.Word))
        {
            Most = 24, Sort = (a, b) => a.Edge.Health.CompareTo(b.Edge.Health),
        },
        new("SINCE", 6, (line, _) => (Since(line.Edge), Ink.Plain)) { ToRight = true, Rank = 5 },
        new("OVER", 8, (line, _) => (Over(line.Edge), Ink.Plain)) { Rank = 6 },
        new("RTT", 8, (line, _) => (line.Edge.Rtt is { } rtt ? Invariant($"{rtt:0.0} ms") : "-", Ink.Plain))
        {
            ToRight = true, Rank = 4, Sort = (a, b) => Nullable.Compare(b.Edge.Rtt, a.Edge.Rtt),
        },
        new("OPEN", 6, (line, _) => (line.Edge.Open is { } open ? Invariant($"{open}") : "-", Ink.Plain))
        {
            ToRight = true, Rank = 2, Sort = (a, b) => Nullable.Compare(b.Edge.Open, a.Edge.Open),
        },
        new("IN/s", 9, (line, _) => (Rate(line.Edge.RateIn), Ink.Plain))
        {
            ToRight = true, Sort = (a, b) => Nullable.Compare(b.Edge.RateIn, a.Edge.RateIn),
        },
        new("OUT/s", 9, (line, _) => (Rate(line.Edge.RateOut), Ink.Plain))
        {
            ToRight = true, Sort = (a, b) => Nullable.Compare(b.Edge.RateOut, a.Edge.RateOut),
        },
        new("LAST 2 MIN", 0, (line, width) => (Spark(line.Past, Math.Min(width, 60)), Ink.Line)) { Rank = 3 },
    ];

    /// <summary>The hub's word for the order of a column, and whether the highest comes first.</summary>
    public static (string Sort, bool Descending) OrderOf(string? column) => column switch
    {
        "EDGE" => ("edge", false),
        "RTT" => ("rtt", true),
        "OPEN" => ("open", true),
        "IN/s" => ("in", true),
        "OUT/s" => ("out", true),
        _ => ("state", false),
    };

    /// <summary>The edges of an overview, in its order.</summary>
    public static IEnumerable<ListedEdge> Of(OverviewAnswer overview, HistoryAnswer? past)
    {
        var series = (past?.Edges ?? []).ToDictionary(edge => edge.EdgeId!, StringComparer.Ordinal);
        return overview.Edges.Select(edge => new ListedEdge(edge, series.GetValueOrDefault(edge.EdgeId)));
    }

    /// <summary>A series of what passed both ways, as a line.</summary>
    public static string Spark(HistorySeries? series, int width) =>
        series is null ? "" : Sparkline.Draw([.. series.BytesIn.Zip(series.BytesOut, (a, b) => a + b)], width);

    private static string Rate(long? rate) => rate is { } known ? ByteText.Format(known) : "-";

    private static string Since(EdgeOverview edge) =>
        edge.Since is { } since ? TimeText.Format(DateTimeOffset.UtcNow - since) : "-";

    private static string Over(EdgeOverview edge) => edge.Transport is { } transport
        ? JsonNamingPolicy.CamelCase.ConvertName(transport.ToString()) + (edge.Lanes is { } lanes ? Invariant($"×{lanes}") : "")
        : "-";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
