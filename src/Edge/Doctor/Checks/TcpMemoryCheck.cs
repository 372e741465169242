using System.Globalization;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>
/// The kernel has memory left for TCP (tcp(7), tcp_mem): what all connections of the machine hold counts together, and from the second of the three
/// figures on, and until it has fallen below the first, those that have much under way get nothing more, the tunnel first.
/// </summary>
/// <param name="ReadFile">A file's text, or null when there is none.</param>
internal sealed record TcpMemoryCheck(Func<string, string?> ReadFile) : ICheck
{
    private const string Setting = "net.ipv4.tcp_mem";

    public string Name => "tcp-memory";

    public Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken) => Task.FromResult(Look());

    private CheckResult Look()
    {
        if (ReadLimits() is not [{ } low, { } pressure, { } most] || ReadUse() is not var (used, isShort))
            return new CheckResult(Name, CheckStatus.Skipped, $"{Setting} is not visible here (a container's network namespace has the host's)");
        string shown = $"{Megabytes(used)} of {Megabytes(pressure)} MB for all connections of this machine";
        return !isShort && used < pressure
            ? new CheckResult(Name, CheckStatus.Ok, shown)
            : new CheckResult(
                Name, CheckStatus.Warning, $"{shown}: connections with much under way stand still, the tunnel first",
                $"ss -tmp tells who holds it; in /etc/sysctl.d/90-tunnel.conf: {Setting} = {2 * low} {2 * pressure} {2 * most}; then sysctl --system");
    }

    private long?[] ReadLimits() => [.. (ReadFile("/proc/sys/net/ipv4/tcp_mem") ?? "").Split('\t', StringSplitOptions.TrimEntries).Select(Number)];

    // Columns protocol, size, sockets, memory (in pages), press (yes until it has fallen below the first figure of the limits), and more.
    private (long Used, bool IsShort)? ReadUse()
    {
        string? line = ReadFile("/proc/net/protocols")?.Split('\n').FirstOrDefault(static text => text.StartsWith("TCP ", StringComparison.Ordinal));
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, var pages, var press, ..] && Number(pages) is { } used ? (used, press == "yes") : null;
    }

    private static long? Number(string word) => long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    private static string Megabytes(long pages) => (pages * Environment.SystemPageSize / 1_000_000).ToString(CultureInfo.InvariantCulture);
}
