namespace Tunnel.Shared.Protocol.Frames;

/// <summary>Frame types of the TLS transport (protocol.md section 3). 0x01–0x0E are base, the rest extensions.</summary>
public enum FrameType : byte
{
    /// <summary>Edge → hub: a new stream, with a PROXY v1 header.</summary>
    Open = 0x01,

    /// <summary>Edge → hub: bytes from the client.</summary>
    Data = 0x02,

    /// <summary>Edge → hub: the client will send no more.</summary>
    Close = 0x03,

    /// <summary>Hub → edge: bytes from the upstream.</summary>
    DataBack = 0x04,

    /// <summary>Hub → edge: the upstream will send no more.</summary>
    CloseBack = 0x05,

    /// <summary>Hub → edge: the whole new configuration, JSON.</summary>
    Config = 0x06,

    /// <summary>Hub → edge: asks whether the edge is still there.</summary>
    Ping = 0x07,

    /// <summary>Edge → hub: answers a PING with its payload.</summary>
    Pong = 0x08,

    /// <summary>Edge → hub: u32 more bytes of credit for DATA_BACK.</summary>
    WindowUpdate = 0x09,

    /// <summary>Hub → edge: u32 more bytes of credit for DATA.</summary>
    WindowUpdateBack = 0x0A,

    /// <summary>Edge → hub: a new UDP session, with a PROXY v2 header.</summary>
    UdpOpen = 0x0B,

    /// <summary>Edge → hub: one datagram.</summary>
    UdpData = 0x0C,

    /// <summary>Hub → edge: one datagram.</summary>
    UdpDataBack = 0x0D,

    /// <summary>Either way: the session ends, or is unknown here.</summary>
    UdpClose = 0x0E,

    /// <summary>Either way: the stream is aborted; u8 <see cref="ResetReason"/>.</summary>
    Reset = 0x0F,

    /// <summary>Edge → hub: the first frame of an extended edge, JSON.</summary>
    Hello = 0x20,

    /// <summary>Edge → hub: a report, JSON.</summary>
    Report = 0x21,

    /// <summary>Either way: no new streams, JSON.</summary>
    GoAway = 0x22,

    /// <summary>Either way: what was received of a lane before its connection was lost, MessagePack.</summary>
    Resume = 0x23,

    /// <summary>Either way: u64, the offset up to which everything on this lane was processed.</summary>
    Ack = 0x24,

    /// <summary>Edge → hub: asks the hub to send a PING at once. Empty.</summary>
    Probe = 0x25,
}
