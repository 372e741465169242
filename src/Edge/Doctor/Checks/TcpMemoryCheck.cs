using System.Globalization;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Transport.KernelMemory;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>
/// Checks that the kernel has memory left for TCP (tcp(7), tcp_mem). What all connections of the machine hold counts together. From the
/// second of the three figures on, and until the use has fallen below the first, connections with much under way get nothing more, the
/// tunnel first.
/// </summary>
/// <param name="ReadFile">Returns the text of a file; null when there is none.</param>
internal sealed record TcpMemoryCheck(Func<string, string?> ReadFile) : IEdgeCheck
{
    public string Name => "tcp-memory";

    public Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken) => Task.FromResult(Look());

    private CheckResult Look()
    {
        if (TcpMemoryFigures.Read(ReadFile) is not { } figures)
        {
            return new CheckResult(
                Name, CheckStatus.Skipped,
                $"{TcpMemoryFigures.Setting} is not visible here (a container's network namespace has the host's)");
        }

        (var used, var low, var pressure, var most) = figures;
        var shown = $"{Megabytes(used)} of {Megabytes(pressure)} MB for all connections of this machine";
        return !IsStillShort() && used < pressure
            ? new CheckResult(Name, CheckStatus.Ok, shown)
            : new CheckResult(
                Name, CheckStatus.Warning, $"{shown}: connections that have much under way stall, the tunnel first",
                $"ss -tmp tells who holds it; in /etc/sysctl.d/90-tunnel.conf: {TcpMemoryFigures.Setting} = {2 * low} {2 * pressure} "
                    + $"{2 * most}; then sysctl --system");
    }

    // The columns are protocol, size, sockets, memory, press (yes until the use has fallen below the first of the limits), and more.
    private bool IsStillShort()
    {
        var line =
            ReadFile("/proc/net/protocols")?.Split('\n').FirstOrDefault(static text => text.StartsWith("TCP ", StringComparison.Ordinal));
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, _, "yes", ..];
    }

    private static string Megabytes(long pages) => (pages * Environment.SystemPageSize / 1_000_000).ToString(CultureInfo.InvariantCulture);
}
