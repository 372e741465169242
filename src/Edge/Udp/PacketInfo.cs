using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Tunnel.Shared.Sockets;

namespace Tunnel.Edge.Udp;

/// <summary>
/// Reads and writes socket addresses and control messages of recvmsg and sendmsg in Linux's layout (64-bit; ip(7), ipv6(7), cmsg(3)). A
/// dual-stack socket reports and takes IPv6 packet information for IPv4 too, with mapped addresses.
/// </summary>
internal static class PacketInfo
{
    /// <summary>The size of a sockaddr_in6, in bytes.</summary>
    public const int AddressSize = DatagramReceiver.AddressSize;

    /// <summary>The size of the buffer for the control message that we send, which has 40 bytes.</summary>
    public const int ControlSize = 64;

    private const int LevelIpv4 = 0;
    private const int LevelIpv6 = 41;
    private const int Ipv4PacketInfo = 8;
    private const int Ipv6ReceivePacketInfo = 49;
    private const int Ipv6PacketInfo = 50;
    private const short FamilyIpv4 = 2;
    private const short FamilyIpv6 = 10;

    private static readonly UInt128 MappedPrefix = (UInt128)0xffff << 32;
    private static readonly UInt128 LinkLocalPrefix = (UInt128)0xfe80 << 112;

    /// <summary>Asks the kernel for packet information with each datagram.</summary>
    public static void Enable(Socket socket)
    {
        ReadOnlySpan<byte> on = [1, 0, 0, 0];
        if (socket.AddressFamily == AddressFamily.InterNetworkV6)
            socket.SetRawSocketOption(LevelIpv6, Ipv6ReceivePacketInfo, on);
        else
            socket.SetRawSocketOption(LevelIpv4, Ipv4PacketInfo, on);
    }

    /// <summary>Reads a path from what recvmsg wrote.</summary>
    public static DatagramPath Read(ReadOnlySpan<byte> address, ReadOnlySpan<byte> control)
    {
        var family = MemoryMarshal.Read<short>(address);
        var port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        var remote = family == FamilyIpv6
            ? BinaryPrimitives.ReadUInt128BigEndian(address[8..])
            : MappedPrefix | BinaryPrimitives.ReadUInt32BigEndian(address[4..]);
        var scope = family == FamilyIpv6 && IsLinkLocal(remote) ? MemoryMarshal.Read<uint>(address[24..]) : 0;
        return new DatagramPath(remote, port, ReadLocal(control), scope);
    }

    /// <summary>Writes the address to send to.</summary>
    /// <returns>The length of the address.</returns>
    public static int WriteAddress(Span<byte> address, in DatagramPath path, AddressFamily family)
    {
        address.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], path.RemotePort);
        if (family == AddressFamily.InterNetwork)
        {
            MemoryMarshal.Write(address, FamilyIpv4);
            BinaryPrimitives.WriteUInt32BigEndian(address[4..], (uint)path.Remote);
            return 16;
        }

        MemoryMarshal.Write(address, FamilyIpv6);
        BinaryPrimitives.WriteUInt128BigEndian(address[8..], path.Remote);
        MemoryMarshal.Write(address[24..], path.Interface);
        return AddressSize;
    }

    /// <summary>Writes the control message that chooses the source address.</summary>
    /// <returns>The length of the message; 0 when the source is not known and the kernel is to choose it.</returns>
    public static int WriteControl(Span<byte> control, in DatagramPath path, AddressFamily family)
    {
        if (path.Local == UInt128.Zero)
            return 0;
        if (family == AddressFamily.InterNetwork)
        {
            // A struct in_pktinfo has the interface, the source address and the destination, which is not set here.
            var length = ControlMessages.Write(control, LevelIpv4, Ipv4PacketInfo, 12, out var ipv4);
            BinaryPrimitives.WriteUInt32BigEndian(ipv4[4..], (uint)path.Local);
            return length;
        }

        // A struct in6_pktinfo has the source address and the interface.
        var room = ControlMessages.Write(control, LevelIpv6, Ipv6PacketInfo, 20, out var ipv6);
        BinaryPrimitives.WriteUInt128BigEndian(ipv6, path.Local);
        MemoryMarshal.Write(ipv6[16..], path.Interface);
        return room;
    }

    private static UInt128 ReadLocal(ReadOnlySpan<byte> control)
    {
        while (ControlMessages.TryTake(ref control, out var level, out var type, out var data))
        {
            if (level == LevelIpv6 && type == Ipv6PacketInfo && data.Length >= 20)
                return BinaryPrimitives.ReadUInt128BigEndian(data);
            if (level == LevelIpv4 && type == Ipv4PacketInfo && data.Length >= 12)
                return MappedPrefix | BinaryPrimitives.ReadUInt32BigEndian(data[8..]);
        }

        return UInt128.Zero;
    }

    private static bool IsLinkLocal(UInt128 address) => (address & ((UInt128)0xffc0 << 112)) == LinkLocalPrefix;
}
