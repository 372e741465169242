namespace Tunnel.Shared.Observability;

/// <summary>
/// Writes names and texts as Prometheus requires (its data model, and OpenTelemetry's "Prometheus and OpenMetrics compatibility").
/// </summary>
internal static class PrometheusNames
{
    /// <summary>The name of an instrument: a counter <c>tunnel.io</c> in <c>By</c> becomes <c>tunnel_io_bytes_total</c>.</summary>
    public static string Of(string name, string? unit, MetricKind kind)
    {
        var text = Clean(name);
        var suffix = unit switch
        {
            "By" => "_bytes",
            "s" => "_seconds",
            "1" when kind == MetricKind.Gauge => "_ratio",
            _ => "",
        };
        if (!text.EndsWith(suffix, StringComparison.Ordinal))
            text += suffix;
        return kind == MetricKind.Counter && !text.EndsWith("_total", StringComparison.Ordinal) ? text + "_total" : text;
    }

    public static string Clean(string name) => string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));

    public static string EscapeValue(string value) => EscapeHelp(value).Replace("\"", "\\\"", StringComparison.Ordinal);

    public static string EscapeHelp(string text) =>
        text.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
