using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>The demand that a health check makes of a target.</summary>
public enum HealthCheckType
{
    /// <summary>That it accepts a connection, and answers as expected if something is sent.</summary>
    [JsonStringEnumMemberName("tcp")]
    Tcp,

    /// <summary>That it completes a TLS handshake.</summary>
    [JsonStringEnumMemberName("tls")]
    Tls,

    /// <summary>That it answers an HTTP request with an expected status.</summary>
    [JsonStringEnumMemberName("http")]
    Http,

    /// <summary>A request as with <see cref="Http"/>, but over TLS.</summary>
    [JsonStringEnumMemberName("https")]
    Https,

    /// <summary>That it answers a datagram.</summary>
    [JsonStringEnumMemberName("udp")]
    Udp,
}

/// <summary>How the members of a pool are checked, as the operator writes it; a member that is null has its default.</summary>
public sealed record HealthCheckDefinition
{
    /// <summary>The question that is asked.</summary>
    public HealthCheckType? Type { get; init; }

    /// <summary>Seconds between two checks of a target, 1–3,600; 10 by default.</summary>
    public int? Interval { get; init; }

    /// <summary>Seconds that a check may take, 1–60; 3 by default.</summary>
    public int? Timeout { get; init; }

    /// <summary>The path of an HTTP request; <c>/</c> by default.</summary>
    public string? Path { get; init; }

    /// <summary>The statuses that are well, such as <c>200-299,401</c>; 200-399 by default.</summary>
    public string? ExpectStatus { get; init; }

    /// <summary>The host of an HTTP request, and the server name of a TLS handshake; the target's by default.</summary>
    public string? Host { get; init; }

    /// <summary>The bytes that are sent (tcp, udp), as text or as <c>hex:…</c>.</summary>
    public string? Send { get; init; }

    /// <summary>The bytes that the answer has to contain (tcp, udp), as text or as <c>hex:…</c>; any answer by default.</summary>
    public string? Expect { get; init; }

    /// <summary>How many checks have to fail in a row before the target is down, 1–100; 3 by default.</summary>
    public int? UnhealthyThreshold { get; init; }

    /// <summary>How many have to succeed in a row before it is up again, 1–100; 2 by default.</summary>
    public int? HealthyThreshold { get; init; }

    /// <summary>The PROXY header of a check, which says that nobody is behind it; by default that of the port's clients.</summary>
    public ProxyProtocol? ProxyProtocol { get; init; }

    /// <summary>Reads what is sent or expected.</summary>
    /// <returns>Null when it begins with <c>hex:</c> and is no hexadecimal.</returns>
    internal static byte[]? Bytes(string text)
    {
        const string hex = "hex:";
        if (!text.StartsWith(hex, StringComparison.Ordinal))
            return Encoding.UTF8.GetBytes(text);
        var digits = text[hex.Length..].Replace(" ", "", StringComparison.Ordinal);
        return digits.Length % 2 == 0 && digits.All(char.IsAsciiHexDigit) ? Convert.FromHexString(digits) : null;
    }

    /// <summary>Reads statuses and ranges of them; null when that is not what was written.</summary>
    internal static ImmutableArray<(int First, int Last)>? Statuses(string text)
    {
        var ranges = ImmutableArray.CreateBuilder<(int First, int Last)>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-');
            if (
                ends.Length > 2 || !TryReadStatus(ends[0], out var first) || !TryReadStatus(ends[^1], out var last) || last < first)
            {
                return null;
            }

            ranges.Add((first, last));
        }

        return ranges.ToImmutable();
    }

    private static bool TryReadStatus(string text, out int status) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out status) && status is >= 100 and <= 599;
}
