using System.Diagnostics.Metrics;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Observability;

/// <summary>Instruments of the process.</summary>
public static class ProcessMetrics
{
    /// <summary>Adds descriptors used and allowed, timers and the managed heap: what grows where something is forgotten.</summary>
    public static void Add(Meter meter)
    {
        meter.CreateObservableGauge("tunnel.descriptors.used", () => Of(ProcessDescriptors.CountOpen()), "{descriptor}", "File descriptors that the process has open.");
        meter.CreateObservableGauge("tunnel.descriptors.limit", () => DescriptorLimit.Read().Soft, "{descriptor}", "File descriptors that the process may have.");
        meter.CreateObservableGauge("tunnel.timers.active", static () => Timer.ActiveCount, "{timer}", "Timers of the runtime that are set.");
        meter.CreateObservableGauge("tunnel.heap.used", static () => GC.GetGCMemoryInfo().HeapSizeBytes, "By", "The managed heap after its last collection.");
    }

    private static IEnumerable<Measurement<long>> Of(long? value) => value is { } known ? [new Measurement<long>(known)] : [];
}
