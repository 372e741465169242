using System.Net;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Configuration;

/// <summary>The setting <c>adminListen</c>: <c>https://0.0.0.0:9443</c>, <c>http://127.0.0.1:9080</c>.</summary>
/// <param name="EndPoint">The address and port on which the API listens.</param>
/// <param name="IsTls">True: TLS with the hub's certificate; false: plain HTTP.</param>
internal sealed record AdminListen(IPEndPoint EndPoint, bool IsTls)
{
    private const string Valid =
        "must be https://ADDRESS:PORT, or http://ADDRESS:PORT where the address is a loopback one such as 127.0.0.1 or [::1]";

    private const string Http = "http://";
    private const string Https = "https://";
    private const int HttpPort = 80;
    private const int HttpsPort = 443;

    /// <summary>Returns the fault of a text that is refused.</summary>
    public static string FaultOf(string text) =>
        HostSyntax.FaultOf(text[(text.IndexOf("//", StringComparison.Ordinal) is >= 0 and var at ? at + 2 : 0)..], Valid);

    /// <summary>Accepts only safe places: without TLS the key could be read on its way, so plain HTTP must not leave the machine.</summary>
    public static bool TryParse(string text, out AdminListen listen)
    {
        listen = null!;
        // The address is not parsed as a URL, in which "127.1" is 127.0.0.1 and "010.0.0.1" is 8.0.0.1.
        var isTls = text.StartsWith(Https, StringComparison.OrdinalIgnoreCase);
        if (!isTls && !text.StartsWith(Http, StringComparison.OrdinalIgnoreCase))
            return false;
        var authority = text[(isTls ? Https : Http).Length..];
        if (!HostSyntax.TryParseHostAndPort(authority.EndsWith('/') ? authority[..^1] : authority, out var host, out var port))
            return false;
        if (!HostSyntax.TryParseAddress(host, out var address))
            return false;
        listen = new AdminListen(new IPEndPoint(address, port ?? (isTls ? HttpsPort : HttpPort)), isTls);
        return isTls || IPAddress.IsLoopback(address);
    }
}
