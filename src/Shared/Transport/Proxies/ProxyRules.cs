using System.Net;

namespace Tunnel.Shared.Transport.Proxies;

/// <summary>Says which connections go through which proxy.</summary>
public sealed record ProxyRules
{
    private readonly ProxyServer? _server;
    private readonly NoProxyList? _exceptions;

    private ProxyRules(ProxyServer? server, NoProxyList? exceptions, string source) =>
        (_server, _exceptions, Source) = (server, exceptions, source);

    /// <summary>Every connection goes straight.</summary>
    public static ProxyRules None { get; } = new(null, null, "");

    /// <summary>Where the proxy was named: a setting or a variable; empty when there is none.</summary>
    public string Source { get; }

    /// <summary>Every connection goes through a proxy.</summary>
    public static ProxyRules Always(ProxyServer server, string source = "proxy") => new(server, null, source);

    /// <summary>
    /// Every connection goes through a proxy but those to the hosts of a list and to this machine, which no proxy could reach.
    /// </summary>
    public static ProxyRules Except(ProxyServer server, NoProxyList exceptions, string source) => new(server, exceptions, source);

    /// <summary>Returns the way to a host through the proxy; null when the connection goes straight.</summary>
    public ProxyHop? HopTo(string host, int port) =>
        _server is null || (_exceptions is { } list && (list.Contains(host) || IsThisMachine(host)))
            ? null
            : new ProxyHop(_server, host.Trim('[', ']'), port);

    private static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
