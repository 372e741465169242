using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Shared.Protocol.Addresses;

/// <summary>
/// Represents addresses as 128-bit numbers, with IPv4 in its mapped form ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so that one value
/// serves both families without allocations.
/// </summary>
public static class AddressNumber
{
    private const int IPv4Bits = 32;
    private const uint MappedPrefix = 0xFFFF;
    private const int SubnetBits = 64;

    /// <summary>The number of an address. An IPv4 address and its mapped form have the same number; a scope id is left out.</summary>
    public static UInt128 Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? OfIPv4(BinaryPrimitives.ReadUInt32BigEndian(bytes))
            : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>The number of an IPv4 address.</summary>
    public static UInt128 OfIPv4(uint address) => ((UInt128)MappedPrefix << IPv4Bits) | address;

    /// <summary>Whether the number stands for an IPv4 address.</summary>
    public static bool IsIPv4(UInt128 number) => number >> IPv4Bits == MappedPrefix;

    /// <summary>
    /// The part of an address that limits on clients count by: the whole IPv4 address, or the /64 of an IPv6 address, since whoever has one
    /// address of a /64 usually has them all. Allocates nothing.
    /// </summary>
    public static UInt128 ClientPrefixOf(UInt128 number) => IsIPv4(number) ? number : number >> SubnetBits << SubnetBits;

    /// <summary>The address that a number stands for; a mapped IPv4 address is returned as IPv4.</summary>
    public static IPAddress ToAddress(UInt128 number)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(IsIPv4(number) ? bytes[12..] : bytes);
    }
}
