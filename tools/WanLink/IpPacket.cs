using System.Buffers.Binary;

namespace Tunnel.Tools.WanLink;

/// <summary>The few fields of an IP packet that the link looks at.</summary>
internal static class IpPacket
{
    public const int Tcp = 6;
    public const int Udp = 17;
    public const int SourceOffset = 12;
    public const int DestinationOffset = 16;
    private const int ChecksumOffset = 10;

    public static bool IsVersion4(ReadOnlySpan<byte> packet) => packet.Length >= 20 && packet[0] >> 4 == 4;

    /// <summary>Whether a packet is of a protocol, for example <see cref="Udp"/>.</summary>
    public static bool Is(ReadOnlySpan<byte> packet, int protocol) =>
        IsVersion4(packet) ? packet[9] == protocol : packet.Length >= 40 && packet[0] >> 4 == 6 && packet[6] == protocol;

    /// <summary>Replaces an IPv4 address and mends the checksums of IP and of TCP or UDP (RFC 1624).</summary>
    public static void ReplaceAddress(Span<byte> packet, int offset, uint address)
    {
        var old = BinaryPrimitives.ReadUInt32BigEndian(packet[offset..]);
        BinaryPrimitives.WriteUInt32BigEndian(packet[offset..], address);
        Mend(packet[ChecksumOffset..], old, address);
        var header = (packet[0] & 0xF) * 4;
        var isFirstFragment = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x1FFF) == 0;
        if (!isFirstFragment)
            return;
        if (packet[9] == Tcp && packet.Length >= header + 18)
            Mend(packet[(header + 16)..], old, address);
        // A UDP checksum of 0 means none.
        if (packet[9] == Udp && packet.Length >= header + 8 && BinaryPrimitives.ReadUInt16BigEndian(packet[(header + 6)..]) != 0)
            Mend(packet[(header + 6)..], old, address);
    }

    private static void Mend(Span<byte> checksum, uint old, uint replacement)
    {
        var sum = (uint)(ushort)~BinaryPrimitives.ReadUInt16BigEndian(checksum);
        sum += (ushort)~(old >> 16) + (uint)(ushort)~old + (replacement >> 16) + (ushort)replacement;
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(checksum, (ushort)~sum);
    }
}
