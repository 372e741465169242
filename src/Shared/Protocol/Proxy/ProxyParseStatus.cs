namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>What became of the bytes that should begin with a PROXY header.</summary>
public enum ProxyParseStatus
{
    /// <summary>The header is there in full.</summary>
    Complete,

    /// <summary>What is there is the beginning of a header; more bytes are needed.</summary>
    Incomplete,

    /// <summary>No bytes to come can make this a valid header.</summary>
    Invalid,
}
