using System.Globalization;
using System.Text;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Transport.Proxies;

/// <summary>
/// Writes what is said to an HTTP proxy and reads its answers (RFC 9110 section 9.3.6, RFC 9112). Pure; accepts any input.
/// </summary>
internal static class HttpConnect
{
    /// <summary>The most bytes of an answer's header.</summary>
    public const int MaxAnswer = 16 << 10;

    private const int MaxReason = 80;

    // "HTTP/1.1 200": what follows is free text.
    private const int StatusAt = 9;
    private const int StatusLength = 3;

    /// <summary>Writes the request for a connection.</summary>
    public static byte[] Request(ProxyHop hop)
    {
        var target = HostSyntax.Format(hop.Host, hop.Port);
        var text = new StringBuilder($"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        if (hop.Server.User is { } user)
        {
            // The form of the credentials is that of RFC 7617.
            var credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{hop.Server.Password}"));
            text.Append(CultureInfo.InvariantCulture, $"Proxy-Authorization: Basic {credentials}\r\n");
        }

        return Encoding.ASCII.GetBytes(text.Append("\r\n").ToString());
    }

    /// <summary>
    /// Whether these bytes are the whole header of an answer. It ends with an empty line, where a lone LF counts as a line's end (RFC 9112
    /// section 2.2). What follows it belongs to the connection.
    /// </summary>
    public static bool IsWhole(ReadOnlySpan<byte> received) => received.EndsWith("\r\n\r\n"u8) || received.EndsWith("\n\n"u8);

    /// <summary>Whether these bytes may be the beginning of an answer.</summary>
    public static bool IsBeginning(ReadOnlySpan<byte> received) =>
        received.Length >= "HTTP/1."u8.Length ? received.StartsWith("HTTP/1."u8) : "HTTP/1."u8.StartsWith(received);

    /// <summary>Returns what is wrong with a whole header, after "the proxy"; null when it says that the connection is there.</summary>
    public static string? FaultOf(ReadOnlySpan<byte> header, bool hasUser)
    {
        if (!TryReadStatus(header, out var status))
            return "answers something that is not HTTP: is it an HTTP proxy?";
        if (status is >= 200 and < 300)
            return null;
        // 407 is right; tinyproxy says 401 where the password is wrong.
        if (status is 401 or 407)
        {
            return hasUser
                ? $"refuses this user and password ({status})"
                : $"asks for a user and a password ({status}): write them into its URL, as http://USER:PASSWORD@HOST:PORT";
        }

        return $"refuses the connection ({status}{Reason(header)})"
            + (status is 403 or 405 ? ": ask whoever runs it to allow CONNECT to this host and port" : "");
    }

    private static bool TryReadStatus(ReadOnlySpan<byte> header, out int status)
    {
        status = 0;
        return IsBeginning(header) && header.Length > StatusAt + StatusLength && header[StatusAt - 1] == ' '
            && header[StatusAt + StatusLength] is (byte)' ' or (byte)'\r' or (byte)'\n'
            && int.TryParse(header.Slice(StatusAt, StatusLength), NumberStyles.None, CultureInfo.InvariantCulture, out status)
            && status >= 100;
    }

    private static string Reason(ReadOnlySpan<byte> header)
    {
        var line = header[(StatusAt + StatusLength)..];
        line = line[..Math.Max(line.IndexOf((byte)'\n'), 0)].Trim(" \r"u8);
        var text = new StringBuilder(MaxReason);
        foreach (var letter in line[..Math.Min(line.Length, MaxReason)])
            text.Append(letter is >= (byte)' ' and < 0x7f ? (char)letter : '?');
        return text.Length == 0 ? "" : $" {text}";
    }
}
