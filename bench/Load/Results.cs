using System.Globalization;
using System.Text;

namespace Tunnel.Bench.Load;

/// <summary>
/// All figures of a run, and the table that they make: medians, and this product's ratio to HAProxy, or to the direct way where there is
/// nothing else.
/// </summary>
internal sealed class Results
{
    private readonly Dictionary<(string Row, string Figure, string Peer), List<double>> _values = [];
    private readonly List<(string Row, string Figure)> _order = [];

    public void Add(string row, string peer, Rows.Figure figure)
    {
        if (!_order.Contains((row, figure.Label)))
            _order.Add((row, figure.Label));
        if (!_values.TryGetValue((row, figure.Label, peer), out var list))
            _values[(row, figure.Label, peer)] = list = [];
        list.Add(figure.Value);
    }

    public string ToMarkdown(IReadOnlyList<string> peers)
    {
        var text = new StringBuilder();
        var yardstick = peers.Contains("haproxy") ? "haproxy" : peers[0];
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"| work | | {string.Join(" | ", peers)} |{(yardstick == "tunnel" ? "" : $" tunnel ÷ {yardstick} |")}");
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"|---|---|{string.Concat(peers.Select(static _ => "---|"))}{(yardstick == "tunnel" ? "" : "---|")}");
        foreach (var (row, figure) in _order)
        {
            var cells = peers.Select(peer => Median(row, figure, peer) is { } value ? Format(value) : "–");
            var ratio = Median(row, figure, "tunnel") / Median(row, figure, yardstick);
            var last = yardstick == "tunnel" ? "" : $" {(ratio is { } value && double.IsFinite(value) ? Format(value) : "–")} |";
            text.AppendLine(CultureInfo.InvariantCulture, $"| {row} | {figure} | {string.Join(" | ", cells)} |{last}");
        }

        return text.ToString();
    }

    private double? Median(string row, string figure, string peer)
    {
        if (!_values.TryGetValue((row, figure, peer), out var values))
            return null;
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private static string Format(double value) => value switch
    {
        >= 1000 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 100 => value.ToString("F0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("F1", CultureInfo.InvariantCulture),
        _ => value.ToString("F2", CultureInfo.InvariantCulture),
    };
}
