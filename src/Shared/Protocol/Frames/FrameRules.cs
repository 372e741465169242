using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.Protocol.Frames;

/// <summary>Who may send a frame, how long it may be and whether it belongs to a stream: the table of protocol.md section 3.</summary>
public static class FrameRules
{
    /// <summary>Largest DATA payload that is accepted before HELLO, and always from a base peer.</summary>
    public const int BaseMaxData = 1 << 20;

    /// <summary>Largest configuration.</summary>
    public const int MaxConfig = 4 << 20;

    /// <summary>Largest JSON payload of the other control frames.</summary>
    public const int MaxControlJson = 64 << 10;

    /// <summary>Largest datagram: an IPv4 UDP payload.</summary>
    public const int MaxDatagram = 65_507;

    /// <summary>Largest PING and PONG payload that is accepted; ours have 8 bytes, and a base peer's any.</summary>
    public const int MaxPing = 1_024;

    /// <summary>Types below this are errors when unknown, the others are skipped.</summary>
    public const byte FirstSkippableType = 0x20;

    /// <summary>Largest payload of a frame of a type that is unknown and to be skipped.</summary>
    public const int MaxSkipped = 4 << 20;

    /// <summary>Checks a received header.</summary>
    /// <param name="header">The frame.</param>
    /// <param name="fromEdge">True when the edge has sent it.</param>
    /// <param name="maxData">Present limit of DATA and DATA_BACK.</param>
    /// <param name="resetAgreed">Whether the <c>reset</c> extension is agreed.</param>
    /// <returns>Null when it may be processed, else what is wrong.</returns>
    public static string? Check(in FrameHeader header, bool fromEdge, int maxData, bool resetAgreed)
    {
        if (MaxLength(header.Type, maxData) is not { } limit)
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

    /// <summary>Largest payload of a type, or null when the type is not known.</summary>
    public static int? MaxLength(FrameType type, int maxData) => type switch
    {
        FrameType.Open => OpenPayload.MaxLength,
        FrameType.Data or FrameType.DataBack => maxData,
        FrameType.Close or FrameType.CloseBack or FrameType.UdpClose => 0,
        FrameType.Config => MaxConfig,
        FrameType.Ping or FrameType.Pong => MaxPing,
        FrameType.WindowUpdate or FrameType.WindowUpdateBack => 4,
        FrameType.UdpOpen => 536,
        FrameType.UdpData or FrameType.UdpDataBack => MaxDatagram,
        FrameType.Reset => 1,
        FrameType.Probe => 0,
        FrameType.Hello or FrameType.Report or FrameType.GoAway => MaxControlJson,
        _ => null,
    };

    /// <summary>True for frames of the tunnel itself (stream id 0).</summary>
    public static bool IsTunnelLevel(FrameType type) =>
        type is FrameType.Config or FrameType.Ping or FrameType.Pong or FrameType.Hello or FrameType.Report or FrameType.GoAway
            or FrameType.Probe;

    // True: edge to hub only. False: hub to edge only. Null: either way.
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
            or FrameType.Probe;
}
