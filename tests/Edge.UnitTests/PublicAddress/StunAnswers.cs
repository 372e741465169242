using System.Buffers.Binary;
using System.Net;

namespace Tunnel.Edge.UnitTests.PublicAddress;

/// <summary>Writes the answers of a STUN server, without the product's code.</summary>
internal static class StunAnswers
{
    public static byte[] Message(ushort type, ReadOnlySpan<byte> transactionId, params byte[][] attributes)
    {
        byte[] body = [.. attributes.SelectMany(attribute => attribute)];
        byte[] message = [0, 0, 0, 0, 0x21, 0x12, 0xA4, 0x42, .. transactionId, .. body];
        BinaryPrimitives.WriteUInt16BigEndian(message, type);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), (ushort)body.Length);
        return message;
    }

    public static byte[] Attribute(ushort type, byte[] value)
    {
        var attribute = new byte[4 + ((value.Length + 3) / 4 * 4)];
        BinaryPrimitives.WriteUInt16BigEndian(attribute, type);
        BinaryPrimitives.WriteUInt16BigEndian(attribute.AsSpan(2), (ushort)value.Length);
        value.CopyTo(attribute, 4);
        return attribute;
    }

    public static byte[] XorAddress(IPEndPoint endPoint, ReadOnlySpan<byte> transactionId)
    {
        byte[] mask = [0x21, 0x12, 0xA4, 0x42, .. transactionId];
        var address = endPoint.Address.GetAddressBytes();
        return Attribute(0x0020, [
            0, (byte)(address.Length == 4 ? 1 : 2), (byte)((endPoint.Port >> 8) ^ mask[0]), (byte)(endPoint.Port ^ mask[1]),
            .. address.Select((value, index) => (byte)(value ^ mask[index]))]);
    }
}
