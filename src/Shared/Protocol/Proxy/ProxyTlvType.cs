namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>
/// Types of additional fields: those of PROXY protocol section 2.2.x, and ours from 0xE0, in the range for applications' own use.
/// </summary>
public static class ProxyTlvType
{
    /// <summary>The application protocol that TLS agreed on, for example <c>h2</c>.</summary>
    public const byte Alpn = 0x01;

    /// <summary>The host name that the client asked for (SNI), UTF-8.</summary>
    public const byte Authority = 0x02;

    /// <summary>CRC-32C of the whole header with these four bytes zero.</summary>
    public const byte Crc32C = 0x03;

    /// <summary>Padding, to be ignored.</summary>
    public const byte NoOp = 0x04;

    /// <summary>The connection's id, at most 128 bytes.</summary>
    public const byte UniqueId = 0x05;

    /// <summary>The client's use of TLS; has fields of its own.</summary>
    public const byte Ssl = 0x20;

    /// <summary>The name of the network namespace.</summary>
    public const byte NetNs = 0x30;

    /// <summary>Our own type, used only within the tunnel: the edge's listening port, u16.</summary>
    public const byte ListeningPort = 0xE0;

    /// <summary>Our own type: the id of the edge that accepted the connection.</summary>
    public const byte EdgeId = 0xE1;

    /// <summary>Our own type: the tunnel's transport.</summary>
    public const byte Transport = 0xE2;
}
