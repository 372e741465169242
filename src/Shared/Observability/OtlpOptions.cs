namespace Tunnel.Shared.Observability;

/// <summary>Where metrics are pushed to.</summary>
/// <param name="Endpoint">The collector's HTTP endpoint, for example <c>http://127.0.0.1:4318</c>.</param>
/// <param name="Interval">How often metrics are pushed, at least 1 s.</param>
public sealed record OtlpOptions(Uri Endpoint, TimeSpan Interval)
{
    /// <summary>How often metrics are pushed by default.</summary>
    public static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(60);

    /// <summary>The URL for metrics: a base URL is completed as the OTLP specification says ("Endpoint URLs for OTLP/HTTP").</summary>
    public Uri MetricsEndpoint => Endpoint.AbsolutePath == "/" ? new Uri(Endpoint, "/v1/metrics") : Endpoint;
}
