using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Tunnel.Shared.Observability;

/// <summary>An instrument and its series, one for each set of labels. Not thread-safe.</summary>
internal sealed class MetricFamily
{
    // An edge has some series for each of its ports; more than this means that something has gone wrong.
    private const int MaxSeries = 100_000;

    // The bounds range from a millisecond to a minute.
    private static readonly double[] DefaultBounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    private readonly bool _isChange;
    private readonly double[] _bounds;

    public MetricFamily(Instrument instrument)
    {
        Kind = MetricKinds.Of(instrument);
        _isChange = MetricKinds.IsChange(instrument);
        _bounds = Kind == MetricKind.Histogram
            ? [.. (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries ?? DefaultBounds]
            : [];
        IsObservable = instrument.IsObservable;
        Help = instrument.Description ?? "";
        Name = PrometheusNames.Of(instrument.Name, instrument.Unit, Kind);
    }

    public MetricKind Kind { get; }

    /// <summary>Whether values are read by asking for them; series that are not reported in a scrape are then dropped.</summary>
    public bool IsObservable { get; }

    public string Name { get; }

    public string Help { get; }

    /// <summary>The series by their labels, as they are written.</summary>
    public Dictionary<string, MetricSeries> Series { get; } = new(StringComparer.Ordinal);

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = Labels(tags);
        if (!Series.TryGetValue(labels, out var series))
        {
            if (Series.Count >= MaxSeries)
                return;
            Series.Add(labels, series = new MetricSeries(_bounds));
        }

        if (Kind == MetricKind.Histogram)
            series.Observe(value);
        else if (_isChange)
            series.Add(value);
        else
            series.Set(value);
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
            return "";
        var text = new StringBuilder();
        foreach (var (name, value) in tags)
        {
            text.Append(text.Length == 0 ? "" : ",").Append(PrometheusNames.Clean(name)).Append("=\"");
            text.Append(PrometheusNames.EscapeValue(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")).Append('"');
        }

        return text.ToString();
    }
}
