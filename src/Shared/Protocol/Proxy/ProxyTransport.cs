namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>The transport of a proxied connection: the low four bits of a v2 header's byte 13 (PROXY protocol section 2.2).</summary>
public enum ProxyTransport
{
    /// <summary>Unknown, or not relevant here.</summary>
    Unspecified = 0,

    /// <summary>TCP.</summary>
    Stream = 1,

    /// <summary>UDP.</summary>
    Datagram = 2,
}
