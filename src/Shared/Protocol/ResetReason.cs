namespace Tunnel.Shared.Protocol;

/// <summary>Why a stream was aborted: the one byte of a RESET frame (protocol.md section 3), and the error code of a QUIC stream.</summary>
public enum ResetReason : byte
{
    /// <summary>No reason was given.</summary>
    Unspecified = 0,

    /// <summary>The client or the upstream reset its connection.</summary>
    ResetByPeer = 1,

    /// <summary>The upstream refused the connection.</summary>
    Refused = 2,

    /// <summary>There is no route to the upstream.</summary>
    Unreachable = 3,

    /// <summary>The upstream did not answer within the connect timeout.</summary>
    ConnectTimeout = 4,

    /// <summary>Nothing moved for the port's idle timeout.</summary>
    IdleTimeout = 5,

    /// <summary>The port is not assigned, or a policy turned the client away.</summary>
    Policy = 6,

    /// <summary>The memory budget is used up and this stream held most of it.</summary>
    Memory = 7,

    /// <summary>The peer broke the protocol on this stream.</summary>
    Protocol = 8,

    /// <summary>The process is stopping, and the drain time has ended.</summary>
    ShuttingDown = 9,

    /// <summary>This machine has no descriptors or kernel memory to spare for the stream.</summary>
    Overloaded = 10,

    /// <summary>The stream that was to go on here is unknown: not even its opening has come (protocol.md section 8).</summary>
    NotOpened = 11,
}
