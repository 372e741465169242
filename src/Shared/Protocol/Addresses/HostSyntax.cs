using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.Protocol.Addresses;

/// <summary>
/// Reads host names and addresses as operators write them, by the same rules everywhere. The system's own parsers accept too much: they
/// take <c>010.0.0.1</c> for 8.0.0.1, and <c>127.1</c>, <c>1</c> and <c>0x7f.1</c> for addresses.
/// </summary>
public static class HostSyntax
{
    /// <summary>Tells the operator what is valid where a host is expected.</summary>
    public const string ValidHost = "must be a host name or an IP address, without a port";

    /// <summary>Tells the operator what is valid where a host with a port is expected.</summary>
    public const string ValidHostAndPort =
        "must be a host name or an IP address, with or without a port: hub.example.com or hub.example.com:8443";

    /// <summary>Tells the operator what is valid where an address is expected.</summary>
    public const string ValidAddress = "must be an IPv4 or IPv6 address such as 0.0.0.0, ::, 192.0.2.1 or 2001:db8::1";

    private const string ValidNumber =
        "looks like a number: an IPv4 address is four decimal numbers from 0 to 255 without leading zeros, such as 10.0.0.1";
    private const string ValidName = "must be written in ASCII: an international name in its form xn--…";
    private const int MaxName = 253;
    private const int MaxZone = 15;
    private const int IPv6Bytes = 16;

    // The characters that names of network interfaces consist of.
    private static readonly SearchValues<char> ZoneCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>
    /// Whether this is a DNS name, an IPv4 address, or an IPv6 address without brackets, which may have a zone (<c>fe80::1%eth0</c>). A
    /// port is not allowed, and a name that looks like a number is not valid.
    /// </summary>
    public static bool IsHost([NotNullWhen(true)] string? host) =>
        host is { Length: > 0 and <= MaxName }
            && (IsAddress(host) || (Ascii.IsValid(host) && !LooksLikeNumber(host) && Uri.CheckHostName(host) == UriHostNameType.Dns));

    /// <summary>Reads an IPv4 address, or an IPv6 address without brackets, which may have a zone. Accepts any input.</summary>
    public static bool TryParseAddress(string? text, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        return text is { Length: <= MaxName } && IsAddress(text) && IPAddress.TryParse(text, out address);
    }

    /// <summary>Whether this is a host without a port, where an IPv6 address may stand in brackets as in a URL.</summary>
    public static bool IsUrlHost(string text) => TryParseHostAndPort(text, out _, out var port) && port is null;

    /// <summary>The error text for an address or a network that is not valid.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="valid">What would be valid; this is the text where no more specific one applies.</param>
    public static string FaultOf(string text, string valid)
    {
        // Leave out what may follow the address: the port, or the length of a network's prefix.
        var end = text.AsSpan().IndexOfAny(':', '/');
        var host = end < 0 ? text : text.AsSpan(0, end);
        return LooksLikeNumber(host) && !IsAddress(host) ? ValidNumber : valid;
    }

    /// <summary>The error text for a host that is not valid.</summary>
    /// <inheritdoc cref="FaultOf"/>
    public static string FaultOfHost(string text, string valid) => Ascii.IsValid(text) ? FaultOf(text, valid) : ValidName;

    /// <summary>Writes <c>host:port</c>, with brackets around an IPv6 address.</summary>
    public static string Format(string host, int port) =>
        host.Contains(':', StringComparison.Ordinal)
            ? string.Create(CultureInfo.InvariantCulture, $"[{host}]:{port}")
            : string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");

    /// <summary>Reads <c>host</c>, <c>host:port</c>, <c>::1</c>, <c>[::1]</c> or <c>[::1]:port</c>.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="host">The host without brackets.</param>
    /// <param name="port">The port, 1–65535, or null when none was written.</param>
    public static bool TryParseHostAndPort(string text, [NotNullWhen(true)] out string? host, out int? port)
    {
        (host, port) = (text, null);
        string? portText = null;
        if (text.StartsWith('['))
        {
            var close = text.IndexOf(']', StringComparison.Ordinal);
            if (close < 0 || (close + 1 < text.Length && text[close + 1] != ':') || !text.AsSpan(0, close).Contains(':'))
                return false;
            (host, portText) = (text[1..close], close + 1 < text.Length ? text[(close + 2)..] : null);
        }
        else if (text.Count(c => c == ':') == 1)
        {
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            (host, portText) = (text[..colon], text[(colon + 1)..]);
        }

        if (portText is not null)
        {
            if (
                !int.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number is < Port.Min or > Port.Max)
            {
                return false;
            }

            port = number;
        }

        return IsHost(host);
    }

    private static bool IsAddress(ReadOnlySpan<char> text)
    {
        // Even the longest IPv6 address with a zone is far shorter than the longest name.
        if (text.Length > MaxName || !Ascii.IsValid(text))
            return false;
        var zone = text.IndexOf('%');
        if (zone >= 0 && (text.Length - zone - 1 is 0 or > MaxZone || text[(zone + 1)..].ContainsAnyExcept(ZoneCharacters)))
            return false;
        Span<byte> bytes = stackalloc byte[IPv6Bytes];
        Span<byte> ascii = stackalloc byte[MaxName];
        var length = Encoding.ASCII.GetBytes(zone < 0 ? text : text[..zone], ascii);
        return text.Contains(':')
            ? AddressText.TryReadIPv6(ascii[..length], bytes)
            : zone < 0 && AddressText.TryReadIPv4(ascii[..length], bytes);
    }

    // Browsers decide this by the last label (WHATWG URL, 3.5). No top-level domain is a number, so no valid name is lost.
    private static bool LooksLikeNumber(ReadOnlySpan<char> host)
    {
        host = host.EndsWith('.') ? host[..^1] : host;
        var last = host[(host.LastIndexOf('.') + 1)..];
        if (last.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return !last[2..].ContainsAnyExcept(HexDigits);
        return last.Length > 0 && !last.ContainsAnyExceptInRange('0', '9');
    }
}
