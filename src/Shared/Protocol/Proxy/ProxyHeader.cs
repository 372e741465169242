using System.Net;

namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>The content of a PROXY header: what it says about a connection.</summary>
/// <param name="Source">The client, or null if unknown. An IPv4-mapped address stays IPv6 if the header says so.</param>
/// <param name="Destination">Where the client connected to, or null if unknown.</param>
/// <param name="Transport">The connection's transport; always <see cref="ProxyTransport.Stream"/> in v1 with addresses.</param>
/// <param name="IsLocal">The v2 command LOCAL: the sender's own connection, such as a health check.</param>
public readonly record struct ProxyHeader(IPEndPoint? Source, IPEndPoint? Destination, ProxyTransport Transport, bool IsLocal);
