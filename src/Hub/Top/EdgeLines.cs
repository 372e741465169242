using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Status;
using Tunnel.Shared.Dashboard;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Top;

/// <summary>One edge as a line of the list.</summary>
/// <param name="Edge">The allowed edge.</param>
/// <param name="Live">What it is like while it is connected; null when it is not.</param>
/// <param name="Past">What passed lately; null when it was not asked for.</param>
internal sealed record EdgeLine(AllowedEdgeStatus Edge, ConnectedEdgeStatus? Live, HistorySeries? Past);

/// <summary>The list of edges.</summary>
internal static class EdgeLines
{
    public static readonly Column<EdgeLine>[] Columns =
    [
        new("EDGE", 14, (line, _) => (line.Edge.EdgeId, Ink.Bold))
        {
            Most = 64, Sort = (a, b) => string.CompareOrdinal(a.Edge.EdgeId, b.Edge.EdgeId),
        },
        new("STATE", 16, (line, _) => State(line.Edge)) { Sort = (a, b) => Severity(a.Edge).CompareTo(Severity(b.Edge)) },
        new("SINCE", 6, (line, _) => (Since(line.Edge), Ink.Plain)) { ToRight = true, Rank = 5 },
        new("OVER", 8, (line, _) => (Over(line.Live), Ink.Plain)) { Rank = 6 },
        new("RTT", 8, (line, _) => (line.Live?.Rtt is { } rtt ? Invariant($"{rtt:0.0} ms") : "-", Ink.Plain))
        {
            ToRight = true, Rank = 4, Sort = (a, b) => Nullable.Compare(b.Live?.Rtt, a.Live?.Rtt),
        },
        new("OPEN", 6, (line, _) => (line.Live is { } live ? Invariant($"{live.ActiveStreams + live.ActiveSessions}") : "-", Ink.Plain))
        {
            ToRight = true, Rank = 2, Sort = (a, b) => Open(b).CompareTo(Open(a)),
        },
        new("IN/s", 9, (line, _) => (Rate(line.Past?.BytesIn), Ink.Plain))
        {
            ToRight = true, Sort = (a, b) => Last(b.Past?.BytesIn).CompareTo(Last(a.Past?.BytesIn)),
        },
        new("OUT/s", 9, (line, _) => (Rate(line.Past?.BytesOut), Ink.Plain))
        {
            ToRight = true, Sort = (a, b) => Last(b.Past?.BytesOut).CompareTo(Last(a.Past?.BytesOut)),
        },
        new("LAST 2 MIN", 0, (line, width) => (Spark(line.Past, Math.Min(width, 60)), Ink.Line)) { Rank = 3 },
    ];

    /// <summary>All edges, those in trouble first.</summary>
    public static IEnumerable<EdgeLine> Of(HubStatus status, HistoryAnswer? past)
    {
        var live = status.ConnectedEdges.ToDictionary(edge => edge.EdgeId, StringComparer.Ordinal);
        var series = (past?.Edges ?? []).ToDictionary(edge => edge.EdgeId!, StringComparer.Ordinal);
        return status.Edges
            .OrderBy(Severity).ThenBy(edge => edge.EdgeId, StringComparer.Ordinal)
            .Select(edge => new EdgeLine(edge, live.GetValueOrDefault(edge.EdgeId), series.GetValueOrDefault(edge.EdgeId)));
    }

    /// <summary>The sign and the word of an edge's state.</summary>
    public static (string Text, Ink Ink) State(AllowedEdgeStatus edge) => edge.State switch
    {
        EdgeCondition.Connected when HasFailed(edge) => ("▲ ports missing", Ink.Warn),
        EdgeCondition.Connected => ("● up", Ink.Good),
        EdgeCondition.Conflict => ("▲ conflict", Ink.Warn),
        EdgeCondition.Disabled => ("○ disabled", Ink.Dim),
        EdgeCondition.NeverSeen => ("▲ never seen", Ink.Warn),
        EdgeCondition.SecretExpired => ("✖ secret ended", Ink.Bad),
        EdgeCondition.HubRestart => ("✖ not back yet", Ink.Bad),
        EdgeCondition.ProtocolError => ("✖ protocol error", Ink.Bad),
        _ => ($"✖ {JsonNamingPolicy.CamelCase.ConvertName(edge.State.ToString())}", Ink.Bad),
    };

    /// <summary>How bad an edge's state is: 0 is the worst.</summary>
    public static int Severity(AllowedEdgeStatus edge) => State(edge).Ink switch
    {
        Ink.Bad => 0,
        Ink.Warn => 1,
        Ink.Good => 2,
        _ => 3,
    };

    /// <summary>The last of a series of rates.</summary>
    public static string Rate(ImmutableArray<long>? rates) => rates is { IsDefaultOrEmpty: false } known ? ByteText.Format(known[^1]) : "-";

    /// <summary>A series of what passed both ways, as a line.</summary>
    public static string Spark(HistorySeries? series, int width) =>
        series is null ? "" : Sparkline.Draw([.. series.BytesIn.Zip(series.BytesOut, (a, b) => a + b)], width);

    private static bool HasFailed(AllowedEdgeStatus edge) => edge.Tcp.Failed.Length > 0 || edge.Udp.Failed.Length > 0;

    private static string Since(AllowedEdgeStatus edge) =>
        (edge.ConnectedSince ?? edge.LastSeen) is { } since ? TimeText.Format(DateTimeOffset.UtcNow - since) : "-";

    private static string Over(ConnectedEdgeStatus? live) => live is null
        ? "-"
        : JsonNamingPolicy.CamelCase.ConvertName(live.Transport.ToString())
            + (live.Lanes > live.Tunnels ? Invariant($"×{live.Lanes}") : "");

    private static int Open(EdgeLine line) => line.Live is { } live ? live.ActiveStreams + live.ActiveSessions : -1;

    private static long Last(ImmutableArray<long>? rates) => rates is { IsDefaultOrEmpty: false } known ? known[^1] : -1;

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
