using System.Buffers.Binary;

namespace Tunnel.Shared.Protocol.Frames;

/// <summary>
/// The nine bytes in front of every frame: stream id (u32), type (u8), payload length (u32), big-endian (protocol.md section 3).
/// </summary>
/// <param name="StreamId">The stream; 0 is the tunnel itself.</param>
/// <param name="Type">May be a value that <see cref="FrameType"/> does not name.</param>
/// <param name="Length">Payload bytes as announced; not yet checked against <see cref="FrameRules"/>.</param>
public readonly record struct FrameHeader(uint StreamId, FrameType Type, uint Length)
{
    /// <summary>Bytes of an encoded header.</summary>
    public const int Size = 9;

    /// <summary>Decodes the first <see cref="Size"/> bytes of <paramref name="source"/>, which must have that many.</summary>
    public static FrameHeader Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt32BigEndian(source),
        (FrameType)source[4],
        BinaryPrimitives.ReadUInt32BigEndian(source[5..]));

    /// <summary>Encodes the header into the first <see cref="Size"/> bytes of <paramref name="destination"/>.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, StreamId);
        destination[4] = (byte)Type;
        BinaryPrimitives.WriteUInt32BigEndian(destination[5..], Length);
    }
}
