using System.Diagnostics.Metrics;

namespace Tunnel.Shared.Observability;

/// <summary>How the values of an instrument are combined.</summary>
internal enum MetricKind
{
    /// <summary>The value only rises.</summary>
    Counter,

    /// <summary>The value rises and falls.</summary>
    Gauge,

    /// <summary>Counts values by size.</summary>
    Histogram,
}

internal static class MetricKinds
{
    public static MetricKind Of(Instrument instrument) => instrument switch
    {
        Counter<long> or Counter<int> or Counter<double> or ObservableCounter<long> or ObservableCounter<int>
            or ObservableCounter<double> => MetricKind.Counter,
        Histogram<long> or Histogram<int> or Histogram<double> => MetricKind.Histogram,
        _ => MetricKind.Gauge,
    };

    /// <summary>Whether an instrument measures changes, not the value itself.</summary>
    public static bool IsChange(Instrument instrument) =>
        instrument is Counter<long> or Counter<int> or Counter<double> or UpDownCounter<long> or UpDownCounter<int>
            or UpDownCounter<double>;
}
