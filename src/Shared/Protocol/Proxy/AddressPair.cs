using System.Net;
using System.Net.Sockets;

namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>
/// Writes both addresses of a header in one family, chosen by protocol.md section 9: IPv4 if both are IPv4 or mapped, else IPv6.
/// </summary>
internal static class AddressPair
{
    public const int IPv4Length = 4;
    public const int IPv6Length = 16;

    private static ReadOnlySpan<byte> MappedPrefix => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF];

    /// <summary>Whether both are IPv4 addresses, mapped or not.</summary>
    public static bool IsIPv4(IPAddress source, IPAddress destination) => IsIPv4(source) && IsIPv4(destination);

    /// <summary>Writes the four bytes of an IPv4 address, mapped or not.</summary>
    public static void WriteIPv4(IPAddress address, Span<byte> destination)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            address.TryWriteBytes(destination, out _);
            return;
        }

        Span<byte> bytes = stackalloc byte[IPv6Length];
        address.TryWriteBytes(bytes, out _);
        bytes[MappedPrefix.Length..].CopyTo(destination);
    }

    /// <summary>Writes the sixteen bytes of an IPv6 address, or of an IPv4 address in its mapped form; a scope id is left out.</summary>
    public static void WriteIPv6(IPAddress address, Span<byte> destination)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            address.TryWriteBytes(destination, out _);
            return;
        }

        MappedPrefix.CopyTo(destination);
        address.TryWriteBytes(destination[MappedPrefix.Length..], out _);
    }

    private static bool IsIPv4(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv4MappedToIPv6;
}
