using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Tunnel.Shared.Observability;

/// <summary>
/// Exports the metrics of some meters in Prometheus's text format (0.0.4), for <c>/metrics</c>. Observable instruments are read at each
/// scrape and only then, so they cost nothing in between, and the series of an edge that is gone disappear too.
/// </summary>
/// <remarks>
/// This is some hundred lines instead of a package: OpenTelemetry's own exporter for Prometheus needs its SDK, and has had no stable
/// release.
/// </remarks>
public sealed class PrometheusExporter : IDisposable
{
    /// <summary>The format's media type.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly Lock _lock = new();
    private readonly List<MetricFamily> _families = [];
    private readonly MeterListener _listener = new();

    /// <summary>Starts to listen to the meters.</summary>
    /// <param name="meters">Names of the meters; those created later are included.</param>
    public PrometheusExporter(params IReadOnlyCollection<string> meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!meters.Contains(instrument.Meter.Name))
                return;
            var family = new MetricFamily(instrument);
            lock (_lock)
                _families.Add(family);
            listener.EnableMeasurementEvents(instrument, family);
        };
        _listener.MeasurementsCompleted = (_, state) =>
        {
            lock (_lock)
                _families.Remove((MetricFamily)state!);
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, state) => Record(value, tags, state));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => Record(value, tags, state));
        _listener.Start();
    }

    /// <summary>Reads all instruments and returns the text of a scrape.</summary>
    public string Collect()
    {
        // Only one scrape runs at a time; recording a value re-enters the lock.
        lock (_lock)
        {
            foreach (var family in _families.Where(family => family.IsObservable))
                family.Series.Clear();
            _listener.RecordObservableInstruments();
            var text = new StringBuilder();
            foreach (
                var family in _families.Where(family => family.Series.Count > 0).OrderBy(family => family.Name, StringComparer.Ordinal))
            {
                Append(text, family);
            }

            return text.ToString();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        lock (_lock)
            ((MetricFamily)state!).Record(value, tags);
    }

    private static void Append(StringBuilder text, MetricFamily family)
    {
        text.Append("# HELP ").Append(family.Name).Append(' ').Append(PrometheusNames.EscapeHelp(family.Help)).Append('\n');
        text.Append("# TYPE ").Append(family.Name).Append(' ').Append(family.Kind.ToString().ToLowerInvariant()).Append('\n');
        foreach (var (labels, series) in family.Series)
        {
            if (family.Kind == MetricKind.Histogram)
                AppendHistogram(text, family.Name, labels, series);
            else
                AppendSample(text, family.Name, labels, series.Value);
        }
    }

    private static void AppendHistogram(StringBuilder text, string name, string labels, MetricSeries series)
    {
        var before = labels.Length == 0 ? "" : labels + ",";
        foreach (var (bound, count) in series.Buckets())
            AppendSample(text, name + "_bucket", $"{before}le=\"{Number(bound)}\"", count);
        AppendSample(text, name + "_bucket", before + "le=\"+Inf\"", series.Count);
        AppendSample(text, name + "_sum", labels, series.Value);
        AppendSample(text, name + "_count", labels, series.Count);
    }

    private static void AppendSample(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
            text.Append('{').Append(labels).Append('}');
        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
