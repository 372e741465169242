using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Hub.Edges;

/// <summary>Names and addresses of hosts, as operators write them.</summary>
internal static class HostSyntax
{
    private const int MaxName = 253;

    /// <summary>A DNS name, an IPv4 or an IPv6 address without brackets; no port.</summary>
    public static bool IsHost([NotNullWhen(true)] string? host) => host is { Length: > 0 and <= MaxName } && Uri.CheckHostName(host) switch
    {
        UriHostNameType.IPv6 => host[0] != '[',
        UriHostNameType.IPv4 => true,

        // "300.1.1.1" passes as a name, and is a mistyped address.
        UriHostNameType.Dns => !char.IsAsciiDigit(host.TrimEnd('.')[^1]) || host.Any(char.IsAsciiLetter),
        _ => false,
    };

    /// <summary><c>host:port</c>, with brackets around an IPv6 address.</summary>
    public static string Format(string host, int port) =>
        host.Contains(':', StringComparison.Ordinal)
            ? string.Create(CultureInfo.InvariantCulture, $"[{host}]:{port}")
            : string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");

    /// <summary><c>host</c>, <c>host:port</c>, <c>::1</c> or <c>[::1]:port</c>.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="host">The host without brackets.</param>
    /// <param name="port">The port, or null when none was written.</param>
    public static bool TryParseHostAndPort(string text, [NotNullWhen(true)] out string? host, out int? port)
    {
        (host, port) = (null, null);
        string? portText = null;
        if (text.StartsWith('['))
        {
            var close = text.IndexOf(']', StringComparison.Ordinal);
            if (close < 0 || (close + 1 < text.Length && text[close + 1] != ':'))
                return false;
            host = text[1..close];
            if (!IPAddress.TryParse(host, out var address) || address.AddressFamily != AddressFamily.InterNetworkV6)
                return false;
            portText = close + 1 < text.Length ? text[(close + 2)..] : null;
        }
        else if (text.Count(c => c == ':') == 1)
        {
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            (host, portText) = (text[..colon], text[(colon + 1)..]);
        }
        else
        {
            host = text;
        }

        if (portText is not null)
        {
            if (!int.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 65535)
                return false;
            port = number;
        }

        return IsHost(host);
    }
}
