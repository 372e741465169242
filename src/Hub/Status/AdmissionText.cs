using System.Globalization;
using Tunnel.Hub.Traffic;

namespace Tunnel.Hub.Status;

/// <summary>Describes for people how many clients a port admits.</summary>
internal static class AdmissionText
{
    /// <summary>Returns a line for a port that admits by how fast its targets are: none for others.</summary>
    public static IEnumerable<string> Lines(PortStatus port)
    {
        if (port.Admission is { } admission)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{port.Proto}/{port.Port}: admits {admission.Rate} new connections a second, {admission.MaxRate} at most: ")
                + Why(admission);
        }
    }

    /// <summary>Returns a line for a port that admits fewer than it may.</summary>
    public static IEnumerable<string> Reduced(PortStatus port) =>
        port.Admission is { } admission && admission.Rate < admission.MaxRate
            ? Lines(port).Select(line => $"{port.EdgeId} {line}")
            : [];

    private static string Why(AdmissionStatus admission) => admission.LatencyP95Ms is { } latency
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"95 of 100 connections to its targets took at most {latency:0.#} ms, and should not take more than "
                + $"{admission.LatencyThresholdMs} ms")
        : "no target was connected to in the last minute";
}
