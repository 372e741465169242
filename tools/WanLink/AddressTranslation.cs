using System.Buffers.Binary;
using System.Net;

namespace Tunnel.Tools.WanLink;

/// <summary>
/// A NAT of one address to one: what the sender sends comes from the public address, and what goes to that address comes back to the
/// sender. A change of the public address is what happens when a NAT loses its mapping or a client moves: nothing tells the sender.
/// </summary>
internal sealed class AddressTranslation
{
    // Both halves are in one word, since the two directions' threads use it: the private address is above, the public one below.
    private long _mapping;

    /// <summary>Sets the public address; null ends the translation.</summary>
    public void Use(IPAddress? address)
    {
        var outside = address is null ? 0 : BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());
        if (outside != (uint)_mapping)
            Volatile.Write(ref _mapping, (_mapping & ~0xFFFFFFFFL) | outside);
    }

    public void ReplaceSource(Span<byte> packet)
    {
        var outside = (uint)_mapping;
        if (outside == 0 || !IpPacket.IsVersion4(packet))
            return;
        var inside = BinaryPrimitives.ReadUInt32BigEndian(packet[IpPacket.SourceOffset..]);
        if (inside != (uint)(_mapping >> 32))
            Volatile.Write(ref _mapping, ((long)inside << 32) | outside);
        IpPacket.ReplaceAddress(packet, IpPacket.SourceOffset, outside);
    }

    public void RestoreDestination(Span<byte> packet)
    {
        var mapping = Volatile.Read(ref _mapping);
        var inside = (uint)(mapping >> 32);
        if ((uint)mapping == 0 || inside == 0 || !IpPacket.IsVersion4(packet))
            return;
        if (BinaryPrimitives.ReadUInt32BigEndian(packet[IpPacket.DestinationOffset..]) == (uint)mapping)
            IpPacket.ReplaceAddress(packet, IpPacket.DestinationOffset, inside);
    }
}
