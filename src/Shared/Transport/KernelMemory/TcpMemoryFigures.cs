using System.Globalization;

namespace Tunnel.Shared.Transport.KernelMemory;

/// <summary>What all TCP connections of the machine hold in the kernel, and what they may (tcp(7), tcp_mem), in pages.</summary>
/// <param name="Used">Held now.</param>
/// <param name="Low">Below this the kernel is at ease again.</param>
/// <param name="Pressure">From here on connections with much under way get nothing more.</param>
/// <param name="Limit">Most that there may be: beyond, what arrives is thrown away.</param>
public readonly record struct TcpMemoryFigures(long Used, long Low, long Pressure, long Limit)
{
    /// <summary>The limits' name for sysctl(8).</summary>
    public const string Setting = "net.ipv4.tcp_mem";

    private const string LimitsFile = "/proc/sys/net/ipv4/tcp_mem";
    private const string UseFile = "/proc/net/sockstat";

    /// <summary>
    /// The figures of this machine; null where they can't be told: a container with a network of its own does not see the limits.
    /// </summary>
    public static TcpMemoryFigures? Read() => Read(ReadFile);

    /// <summary>The figures in the texts that <paramref name="readFile"/> gives for paths; null for a file that is not there.</summary>
    public static TcpMemoryFigures? Read(Func<string, string?> readFile)
    {
        var limits = (readFile(LimitsFile) ?? "").Split('\t', StringSplitOptions.TrimEntries);
        return limits is [var low, var pressure, var most] && Number(low) is { } a && Number(pressure) is { } b
            && Number(most) is > 0 and var c
            && ReadUse(readFile(UseFile)) is { } used
            ? new TcpMemoryFigures(used, a, b, c)
            : null;
    }

    // Such as "TCP: inuse 27 orphan 0 tw 4 alloc 31 mem 6".
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
