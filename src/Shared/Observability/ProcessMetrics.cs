using System.ComponentModel;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.Observability;

/// <summary>Creates the instruments of the process and of its build.</summary>
public static class ProcessMetrics
{
    /// <summary>
    /// Adds descriptors used and allowed, timers and the managed heap, which grow when something leaks, and what Prometheus's own libraries
    /// tell of a process.
    /// </summary>
    public static void Add(Meter meter)
    {
        meter.CreateObservableGauge(
            "tunnel.descriptors.used", () => Of(ProcessDescriptors.CountOpen()), "{descriptor}",
            "File descriptors that the process has open.");
        meter.CreateObservableGauge(
            "tunnel.descriptors.limit", () => DescriptorLimit.Read().Soft, "{descriptor}", "File descriptors that the process may have.");
        meter.CreateObservableGauge(
            "tunnel.timers.active", static () => Timer.ActiveCount, "{timer}", "Timers of the runtime that are set.");
        meter.CreateObservableGauge(
            "tunnel.heap.used", static () => GC.GetGCMemoryInfo().HeapSizeBytes, "By", "The managed heap after its last collection.");
        var built = new Measurement<int>(
            1, new KeyValuePair<string, object?>("version", meter.Version), new("runtime", Environment.Version.ToString()));
        meter.CreateObservableGauge("tunnel.build.info", () => built, null, "1; the labels say which version runs, and on which runtime.");
        AddProcess(meter);
    }

    // Names and meanings follow https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics, since dashboards expect them.
    private static void AddProcess(Meter meter)
    {
        var started = ReadStartTime();
        meter.CreateObservableCounter(
            "process.cpu", static () => Environment.CpuUsage.TotalTime.TotalSeconds, "s", "Processor time that the process has used.");
        meter.CreateObservableGauge(
            "process.resident.memory", static () => Of<long>(Environment.WorkingSet is > 0 and var bytes ? bytes : null), "By",
            "Memory of the process that is in RAM.");
        meter.CreateObservableGauge("process.virtual.memory", static () => Of(ReadVirtualMemory()), "By", "Address space of the process.");
        meter.CreateObservableGauge("process.start.time", () => Of(started), "s", "When the process was started, in seconds since 1970.");
        meter.CreateObservableGauge(
            "process.open.fds", static () => Of(ProcessDescriptors.CountOpen()), null, "File descriptors that the process has open.");
        meter.CreateObservableGauge(
            "process.max.fds", static () => DescriptorLimit.Read().Soft, null, "File descriptors that the process may have.");
        meter.CreateObservableGauge("process.threads", static () => Of(CountThreads()), null, "Threads of the process.");
    }

    private static double? ReadStartTime()
    {
        try
        {
            using var process = Process.GetCurrentProcess();
            return new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000.0;
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            // Without /proc nobody knows, and the other figures are told all the same.
            return null;
        }
    }

    private static long? ReadVirtualMemory() =>
        ReadText("/proc/self/statm")?.Split(' ') is [var pages, ..]
            && long.TryParse(pages, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count * Environment.SystemPageSize
            : null;

    private static long? CountThreads() => Directory.Exists("/proc/self/task") ? Directory.GetDirectories("/proc/self/task").Length : null;

    private static string? ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static IEnumerable<Measurement<T>> Of<T>(T? value)
        where T : struct => value is { } known ? [new Measurement<T>(known)] : [];
}
