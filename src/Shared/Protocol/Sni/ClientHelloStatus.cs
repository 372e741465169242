namespace Tunnel.Shared.Protocol.Sni;

/// <summary>The result of a look at a connection's first bytes.</summary>
public enum ClientHelloStatus
{
    /// <summary>So far they may be a ClientHello, but not all of it has come.</summary>
    Incomplete,

    /// <summary>They begin with a whole ClientHello.</summary>
    Complete,

    /// <summary>They are not a ClientHello of TLS 1.0 to 1.3.</summary>
    NotTls,

    /// <summary>They may be one that is longer than <see cref="ClientHelloReader.MaxLength"/>.</summary>
    TooLong,
}
