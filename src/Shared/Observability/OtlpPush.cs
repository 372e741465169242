using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Tunnel.Shared.Observability;

/// <summary>Sends metrics to a collector at an interval (OTLP over HTTP, protobuf), and once more at the end.</summary>
public sealed class OtlpPush : IDisposable
{
    // Most series belong to edges and ports.
    private const int MaxSeries = 10_000;

    // A collector that does not answer must not delay a stop.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    private readonly MeterProvider _provider;
    private readonly OtlpFailures _failures;

    /// <summary>Starts to send.</summary>
    /// <param name="options">Where to send, and how often.</param>
    /// <param name="service">The program's name.</param>
    /// <param name="version">The program's version.</param>
    /// <param name="logger">Where failures are logged.</param>
    /// <param name="meters">Names of the meters.</param>
    public OtlpPush(OtlpOptions options, string service, string version, ILogger logger, params IReadOnlyCollection<string> meters)
    {
        _failures = new OtlpFailures(options.MetricsEndpoint, TimeProvider.System, logger);
        _provider = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(
                resource => resource.AddService(service, serviceVersion: version, serviceInstanceId: Environment.MachineName))
            .AddMeter([.. meters])
            .AddView(_ => new MetricStreamConfiguration { CardinalityLimit = MaxSeries })
            .AddOtlpExporter((exporter, reader) =>
            {
                exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
                exporter.TimeoutMilliseconds = (int)Timeout.TotalMilliseconds;
                exporter.Endpoint = options.MetricsEndpoint;
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)options.Interval.TotalMilliseconds;
            })
            .Build();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _provider.Dispose();
        _failures.Dispose();
    }
}
