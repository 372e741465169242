using System.Diagnostics.Metrics;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.KernelMemory;

namespace Tunnel.Shared.Observability;

/// <summary>Creates the instruments of what all tunnels of a process share.</summary>
public static class TransportMetrics
{
    /// <summary>Adds the instruments for memory, active streams and stalls.</summary>
    /// <param name="meter">The service's meter.</param>
    /// <param name="context">The transport's context, or null while there is none.</param>
    public static void Add(Meter meter, Func<TransportContext?> context)
    {
        meter.CreateObservableGauge(
            "tunnel.memory.used", () => Of(context, flow => flow.Budget.Used), "By",
            "Bytes of the memory budget in use: received and not yet written out.");
        meter.CreateObservableGauge("tunnel.memory.limit", () => Of(context, flow => flow.Budget.Limit), "By", "The memory budget.");
        meter.CreateObservableCounter(
            "tunnel.memory.resets", () => Of(context, flow => flow.MemoryResets), "{stream}",
            "Streams reset because the memory budget was used up.");
        AddKernel(meter, context);
        meter.CreateObservableGauge(
            "tunnel.flow.active", () => Of(context, flow => flow.ActiveStreams), "{stream}", "Streams that moved data in the last 2 s.");
        meter.CreateObservableCounter(
            "tunnel.flow.stall", () => Stalls(context), "s",
            "Time that streams had data to send but no credit, of all waits that are over.");
    }

    /// <summary>Adds the counters of tunnels that were lost and of those that went on.</summary>
    /// <param name="meter">The service's meter.</param>
    /// <param name="lost">Returns how often a tunnel was lost.</param>
    /// <param name="resumed">Returns how often one has gone on.</param>
    public static void AddLosses(Meter meter, Func<long> lost, Func<long> resumed)
    {
        meter.CreateObservableCounter(
            "tunnel.tunnels.lost", lost, "{tunnel}",
            "Tunnels that were lost and waited for another connection, or their streams for another tunnel.");
        meter.CreateObservableCounter(
            "tunnel.tunnels.resumed", resumed, "{tunnel}",
            "Lost tunnels that went on over another connection, or their streams over another tunnel.");
    }

    private static void AddKernel(Meter meter, Func<TransportContext?> context)
    {
        meter.CreateObservableGauge(
            "tunnel.tcp.memory.used", () => OfKernel(context, status => status.Used), "By",
            "The kernel's memory for TCP in use by all programs.");
        meter.CreateObservableGauge(
            "tunnel.tcp.memory.limit", () => OfKernel(context, status => status.Limit), "By",
            "The kernel's memory for TCP: the third figure of net.ipv4.tcp_mem.");
        meter.CreateObservableCounter(
            "tunnel.tcp.memory.resets", () => OfKernel(context, status => status.StreamsReset), "{stream}",
            "Stalled streams reset because the kernel's memory for TCP was nearly used up.");
    }

    private static IEnumerable<Measurement<long>> OfKernel(Func<TransportContext?> context, Func<TcpMemoryStatus, long> read) =>
        context()?.TcpMemory.Status is { } status ? [new Measurement<long>(read(status))] : [];

    private static IEnumerable<Measurement<long>> Of(Func<TransportContext?> context, Func<FlowController, long> read) =>
        context() is { } known ? [new Measurement<long>(read(known.Flow))] : [];

    private static IEnumerable<Measurement<double>> Stalls(Func<TransportContext?> context) =>
        context() is { } known ? [new Measurement<double>(known.Flow.StallTime.TotalSeconds)] : [];
}
