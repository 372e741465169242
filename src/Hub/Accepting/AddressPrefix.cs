using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Hub.Accepting;

/// <summary>
/// Whom a limit on strangers applies to: one IPv4 address, or one IPv6 /64, since whoever has one address of a /64 usually has them all.
/// </summary>
internal readonly record struct AddressPrefix
{
    private readonly ulong _bits;
    private readonly bool _isIPv6;

    private AddressPrefix(ulong bits, bool isIPv6)
    {
        _bits = bits;
        _isIPv6 = isIPv6;
    }

    /// <summary>The prefix of an address; an IPv4-mapped one counts as IPv4.</summary>
    public static AddressPrefix Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return new AddressPrefix(BinaryPrimitives.ReadUInt32BigEndian(bytes), isIPv6: false);
        if (address.IsIPv4MappedToIPv6)
            return new AddressPrefix(BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]), isIPv6: false);
        return new AddressPrefix(BinaryPrimitives.ReadUInt64BigEndian(bytes), isIPv6: true);
    }
}
