namespace Tunnel.Shared.Transport.Proxies;

/// <summary>A connection's way through a proxy.</summary>
/// <param name="Server">The proxy.</param>
/// <param name="Host">The host that the proxy is asked to connect to, which it resolves itself.</param>
/// <param name="Port">The port there.</param>
public sealed record ProxyHop(ProxyServer Server, string Host, int Port);
