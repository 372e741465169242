using System.Diagnostics.Metrics;
using Tunnel.Shared.Observability;

namespace Tunnel.Shared.UnitTests.Observability;

public sealed class PrometheusExporterTests : IDisposable
{
    private readonly ServiceMeters _meters = new();
    private readonly string _name = $"Test.{Guid.NewGuid():N}";
    private readonly Meter _meter;
    private readonly PrometheusExporter _exporter;

    public PrometheusExporterTests()
    {
        _exporter = new PrometheusExporter(_name);
        _meter = _meters.Factory.Create(_name);
    }

    public void Dispose()
    {
        _exporter.Dispose();
        _meters.Dispose();
    }

    [Fact]
    public void Observed_values_are_those_of_the_scrape_and_what_is_gone_is_not_told()
    {
        Measurement<long>[] values = [
            new(3, new("edge", "a"), new("direction", "in")), new(4, new KeyValuePair<string, object?>("edge", "b"))];
        _meter.CreateObservableCounter("tunnel.io", () => values, "By", "Bytes.");
        Assert.Equal(
            """
            # HELP tunnel_io_bytes_total Bytes.
            # TYPE tunnel_io_bytes_total counter
            tunnel_io_bytes_total{edge="a",direction="in"} 3
            tunnel_io_bytes_total{edge="b"} 4

            """,
            _exporter.Collect());

        values = [new(7, new KeyValuePair<string, object?>("edge", "b"))];
        Assert.DoesNotContain("edge=\"a\"", _exporter.Collect());
        Assert.Contains("tunnel_io_bytes_total{edge=\"b\"} 7\n", _exporter.Collect());
    }

    [Fact]
    public void Changes_are_summed_and_gauges_replaced()
    {
        var counter = _meter.CreateCounter<int>("requests", "{request}");
        var level = _meter.CreateUpDownCounter<long>("level");
        var gauge = _meter.CreateGauge<double>("load", "1");
        foreach (var value in new[] { 1, 2 })
        {
            counter.Add(value);
            level.Add(-value);
            gauge.Record(value / 4.0);
        }

        var text = _exporter.Collect();
        Assert.Contains("\nrequests_total 3\n", text);
        Assert.Contains("\nlevel -3\n", text);
        Assert.Contains("\nload_ratio 0.5\n", text);
    }

    [Fact]
    public void A_histogram_has_buckets_that_include_those_below()
    {
        var histogram = _meter.CreateHistogram(
            "wait", "s", "Waits.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        foreach (var value in new[] { 0.1, 0.5, 0.5, 7 })
            histogram.Record(value);
        Assert.Equal(
            """
            # HELP wait_seconds Waits.
            # TYPE wait_seconds histogram
            wait_seconds_bucket{le="0.1"} 1
            wait_seconds_bucket{le="1"} 3
            wait_seconds_bucket{le="+Inf"} 4
            wait_seconds_sum 8.1
            wait_seconds_count 4

            """,
            _exporter.Collect());
    }

    [Fact]
    public void What_a_label_holds_can_not_break_out_of_it()
    {
        _meter.CreateObservableGauge("g", () => new Measurement<int>(1, new KeyValuePair<string, object?>("x.y", "a\"} 1\n\\")));
        Assert.Contains("g{x_y=\"a\\\"} 1\\n\\\\\"} 1\n", _exporter.Collect());
    }

    [Fact]
    public void Other_meters_are_left_out()
    {
        _meters.Factory.Create(_name + "x").CreateObservableGauge("other", () => 1);
        Assert.Equal("", _exporter.Collect());
    }
}
