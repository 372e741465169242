using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.Protocol.Frames;

/// <summary>Says who may send a frame, how long it may be and whether it belongs to a stream: the table of protocol.md section 3.</summary>
public static class FrameRules
{
    /// <summary>The largest DATA payload in bytes that is accepted before HELLO, and always from a base peer.</summary>
    public const int BaseMaxData = 1 << 20;

    /// <summary>The largest configuration in bytes.</summary>
    public const int MaxConfig = 4 << 20;

    /// <summary>The largest payload of the other control messages, in bytes.</summary>
    public const int MaxControlJson = 64 << 10;

    /// <summary>The largest datagram in bytes: an IPv4 UDP payload.</summary>
    public const int MaxDatagram = 65_507;

    /// <summary>The largest PING or PONG payload in bytes that is accepted. Ours have 8 bytes; a base peer's may have any number.</summary>
    public const int MaxPing = 1_024;

    /// <summary>The first type that is skipped when it is unknown; unknown types below it are errors.</summary>
    public const byte FirstSkippableType = 0x20;

    /// <summary>The largest payload in bytes of a frame that is skipped because its type is unknown.</summary>
    public const int MaxSkipped = 4 << 20;

    /// <summary>Checks a received header.</summary>
    /// <param name="header">The frame.</param>
    /// <param name="fromEdge">True when the edge has sent it.</param>
    /// <param name="maxData">The present limit of DATA and DATA_BACK in bytes.</param>
    /// <param name="resetAgreed">Whether the <c>reset</c> extension is agreed.</param>
    /// <param name="resumeAgreed">Whether the <c>resume</c> extension is agreed; its frames are unknown otherwise.</param>
    /// <returns>Null when the frame may be processed, else what is wrong with it.</returns>
    public static string? Check(in FrameHeader header, bool fromEdge, int maxData, bool resetAgreed, bool resumeAgreed = false)
    {
        if (MaxLength(header.Type, maxData, resumeAgreed) is not { } limit)
        {
            return (byte)header.Type < FirstSkippableType ? "unknown type"
                : header.Length > MaxSkipped ? $"longer than {MaxSkipped} bytes"
                : null;
        }

        if (SentBy(header.Type) is { } edge && edge != fromEdge)
            return "wrong direction";
        if (header.Length > limit)
            return $"longer than {limit} bytes";
        if (IsExact(header.Type) && header.Length != limit)
            return $"must have {limit} bytes";
        if (header.StreamId == 0 != IsTunnelLevel(header.Type))
            return header.StreamId == 0 ? "needs a stream id" : "must have stream id 0";
        if (header.Type == FrameType.Reset && !resetAgreed)
            return "extension 'reset' is not agreed";
        return null;
    }

    /// <summary>The largest payload of a type in bytes, or null when the type is not known.</summary>
    public static int? MaxLength(FrameType type, int maxData, bool resumeAgreed = false) => type switch
    {
        FrameType.Open => OpenPayload.MaxLength,
        FrameType.Data or FrameType.DataBack => maxData,
        FrameType.Close or FrameType.CloseBack or FrameType.UdpClose => 0,
        FrameType.Config => MaxConfig,
        FrameType.Ping or FrameType.Pong => MaxPing,
        FrameType.WindowUpdate or FrameType.WindowUpdateBack => 4,
        FrameType.UdpOpen => UdpOpenPayload.MaxLength,
        FrameType.UdpData or FrameType.UdpDataBack => MaxDatagram,
        FrameType.Reset => 1,
        FrameType.Probe => 0,
        FrameType.Hello or FrameType.Report or FrameType.GoAway => MaxControlJson,
        FrameType.Resume when resumeAgreed => MaxControlJson,
        FrameType.Ack when resumeAgreed => 8,
        _ => null,
    };

    /// <summary>True for frames of the tunnel itself (stream id 0).</summary>
    public static bool IsTunnelLevel(FrameType type) =>
        type is FrameType.Config or FrameType.Ping or FrameType.Pong or FrameType.Hello or FrameType.Report or FrameType.GoAway
            or FrameType.Probe or FrameType.Resume or FrameType.Ack;

    // True: only from edge to hub. False: only from hub to edge. Null: either way.
    private static bool? SentBy(FrameType type) => type switch
    {
        FrameType.Open or FrameType.Data or FrameType.Close or FrameType.Pong or FrameType.WindowUpdate
            or FrameType.UdpOpen or FrameType.UdpData or FrameType.Hello or FrameType.Report or FrameType.Probe => true,
        FrameType.DataBack or FrameType.CloseBack or FrameType.Config or FrameType.Ping or FrameType.WindowUpdateBack
            or FrameType.UdpDataBack => false,
        _ => null,
    };

    private static bool IsExact(FrameType type) =>
        type is FrameType.WindowUpdate or FrameType.WindowUpdateBack or FrameType.Reset or FrameType.Close or FrameType.CloseBack
            or FrameType.Probe or FrameType.Ack;
}
