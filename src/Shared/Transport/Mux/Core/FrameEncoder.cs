using System.Buffers.Binary;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.Transport.Mux.Core;

/// <summary>Writes the small frames of streams and sessions. Each method returns the bytes written.</summary>
internal static class FrameEncoder
{
    public static int Open(Span<byte> buffer, uint id, in StreamOpening opening, TunnelFeatures features)
    {
        var length = opening.Write(buffer[FrameHeader.Size..], Port(opening, features));
        return Header(buffer, id, FrameType.Open, length);
    }

    public static int UdpOpen(Span<byte> buffer, uint id, in StreamOpening opening, TunnelFeatures features)
    {
        var length = UdpOpenPayload.Write(buffer[FrameHeader.Size..], opening.Source, opening.Destination, Port(opening, features));
        return Header(buffer, id, FrameType.UdpOpen, length);
    }

    public static int Data(Span<byte> buffer, uint id, bool fromEdge, int length) =>
        Header(buffer, id, fromEdge ? FrameType.Data : FrameType.DataBack, length);

    public static int UdpData(Span<byte> buffer, uint id, bool fromEdge, ReadOnlySpan<byte> payload)
    {
        payload.CopyTo(buffer[FrameHeader.Size..]);
        return Header(buffer, id, fromEdge ? FrameType.UdpData : FrameType.UdpDataBack, payload.Length);
    }

    public static int Close(Span<byte> buffer, uint id, bool fromEdge) =>
        Header(buffer, id, fromEdge ? FrameType.Close : FrameType.CloseBack, 0);

    public static int UdpClose(Span<byte> buffer, uint id) => Header(buffer, id, FrameType.UdpClose, 0);

    public static int Credit(Span<byte> buffer, uint id, bool fromEdge, uint bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(buffer[FrameHeader.Size..], bytes);
        return Header(buffer, id, fromEdge ? FrameType.WindowUpdate : FrameType.WindowUpdateBack, sizeof(uint));
    }

    public static int Reset(Span<byte> buffer, uint id, ResetReason reason)
    {
        buffer[FrameHeader.Size] = (byte)reason;
        return Header(buffer, id, FrameType.Reset, 1);
    }

    private static int? Port(in StreamOpening opening, TunnelFeatures features) =>
        (features & TunnelFeatures.Port) != 0 ? opening.ListeningPort : null;

    private static int Header(Span<byte> buffer, uint id, FrameType type, int length)
    {
        new FrameHeader(id, type, (uint)length).Write(buffer);
        return FrameHeader.Size + length;
    }
}
