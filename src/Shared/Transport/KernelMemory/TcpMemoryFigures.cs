using System.Globalization;

namespace Tunnel.Shared.Transport.KernelMemory;

/// <summary>The kernel memory that all TCP connections of the machine hold, and its limits (tcp(7), tcp_mem), in pages.</summary>
/// <param name="Used">Pages held now.</param>
/// <param name="Low">Below this the kernel's pressure has ended.</param>
/// <param name="Pressure">From here on, connections with much data under way get no more memory.</param>
/// <param name="Limit">The most pages that TCP may hold: beyond this, the kernel discards what arrives.</param>
public readonly record struct TcpMemoryFigures(long Used, long Low, long Pressure, long Limit)
{
    /// <summary>The name of the limits for sysctl(8).</summary>
    public const string Setting = "net.ipv4.tcp_mem";

    private const string LimitsFile = "/proc/sys/net/ipv4/tcp_mem";
    private const string UseFile = "/proc/net/sockstat";

    /// <summary>
    /// Reads the figures of this machine. Returns null where they are not known: a container with its own network does not see the limits.
    /// </summary>
    public static TcpMemoryFigures? Read() => Read(ReadFile);

    /// <summary>
    /// Reads the figures from the texts that <paramref name="readFile"/> returns for paths; it returns null for a missing file.
    /// </summary>
    public static TcpMemoryFigures? Read(Func<string, string?> readFile)
    {
        var limits = (readFile(LimitsFile) ?? "").Split('\t', StringSplitOptions.TrimEntries);
        return limits is [var low, var pressure, var most] && Number(low) is { } a && Number(pressure) is { } b
            && Number(most) is > 0 and var c
            && ReadUse(readFile(UseFile)) is { } used
            ? new TcpMemoryFigures(used, a, b, c)
            : null;
    }

    // The line looks like "TCP: inuse 27 orphan 0 tw 4 alloc 31 mem 6".
    private static long? ReadUse(string? text)
    {
        var line = text?.Split('\n').FirstOrDefault(static line => line.StartsWith("TCP:", StringComparison.Ordinal)) ?? "";
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var at = Array.IndexOf(words, "mem") + 1;
        return at > 0 && at < words.Length ? Number(words[at]) : null;
    }

    private static long? Number(string word) =>
        long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string? ReadFile(string path)
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
}
