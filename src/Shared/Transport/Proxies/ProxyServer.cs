using System.Diagnostics.CodeAnalysis;
using System.Text;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Transport.Proxies;

/// <summary>How a proxy is spoken to.</summary>
public enum ProxyKind
{
    /// <summary>HTTP CONNECT (RFC 9110 section 9.3.6).</summary>
    Http,

    /// <summary>SOCKS version 5 (RFC 1928).</summary>
    Socks5,
}

/// <summary>A proxy that TCP connections can go through. It may hold a password, which its text form leaves out.</summary>
/// <param name="Kind">How it is spoken to.</param>
/// <param name="Host">Its host name or address, without brackets.</param>
/// <param name="Port">Its port, 1–65535.</param>
public sealed record ProxyServer(ProxyKind Kind, string Host, int Port)
{
    /// <summary>Tells the operator what is valid.</summary>
    public const string Valid =
        "must be http://HOST:PORT or socks5://HOST:PORT, with USER:PASSWORD@ before the host where the proxy asks for it; characters other "
        + "than letters and digits in these two as %XX";

    // RFC 1929 section 2: one byte has the length.
    private const int MaxCredential = 255;
    private const int HttpPort = 80;
    private const int SocksPort = 1080;
    private const string SchemeEnd = "://";

    /// <summary>The user that the proxy is told; null when it is told none.</summary>
    public string? User { get; init; }

    /// <summary>The user's password. Never logged.</summary>
    public string? Password { get; init; }

    /// <summary>Reads a proxy's URL; without a scheme it is one of HTTP. Accepts any input.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ProxyServer? proxy)
    {
        proxy = null;
        if (text is null || Kinds(text, out var kind) is not { } rest)
            return false;
        rest = rest.EndsWith('/') ? rest[..^1] : rest;
        var at = rest.LastIndexOf('@');
        if (!HostSyntax.TryParseHostAndPort(rest[(at + 1)..], out var host, out var port))
            return false;
        var server = new ProxyServer(kind, host, port ?? (kind == ProxyKind.Http ? HttpPort : SocksPort));
        if (at < 0)
        {
            proxy = server;
            return true;
        }

        var colon = rest.IndexOf(':', StringComparison.Ordinal);
        var user = Uri.UnescapeDataString(rest[..(colon >= 0 && colon < at ? colon : at)]);
        var password = colon >= 0 && colon < at ? Uri.UnescapeDataString(rest[(colon + 1)..at]) : "";
        // RFC 7617 section 2: the first colon ends the user.
        if (user.Length == 0 || user.Contains(':', StringComparison.Ordinal) || !IsCredential(user) || !IsCredential(password))
            return false;
        proxy = server with { User = user, Password = password };
        return true;
    }

    /// <summary>Writes the proxy's URL without user and password.</summary>
    public override string ToString() =>
        $"{(Kind == ProxyKind.Http ? "http" : "socks5")}{SchemeEnd}{HostSyntax.Format(Host, Port)}";

    /// <returns>What follows the scheme; null when no proxy has such a scheme.</returns>
    private static string? Kinds(string text, out ProxyKind kind)
    {
        var end = text.IndexOf(SchemeEnd, StringComparison.Ordinal);
        var scheme = end < 0 ? "http" : text[..end].ToLowerInvariant();
        // The h of socks5h means that the proxy resolves the name, which it does here with either word.
        kind = scheme is "socks5" or "socks5h" ? ProxyKind.Socks5 : ProxyKind.Http;
        return kind == ProxyKind.Socks5 || scheme == "http" ? text[(end < 0 ? 0 : end + SchemeEnd.Length)..] : null;
    }

    private static bool IsCredential(string text) =>
        Encoding.UTF8.GetByteCount(text) <= MaxCredential && !text.Any(char.IsControl);
}
