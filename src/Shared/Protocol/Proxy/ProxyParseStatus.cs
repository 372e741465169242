namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>The result of reading bytes that should begin with a PROXY header.</summary>
public enum ProxyParseStatus
{
    /// <summary>The header is complete.</summary>
    Complete,

    /// <summary>The bytes are the beginning of a header; more are needed.</summary>
    Incomplete,

    /// <summary>No further bytes can make this a valid header.</summary>
    Invalid,
}
