using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tunnel.Shared.Transport.Quic.Native;

/// <summary>QUIC_ADDR: the system's sockaddr_in or sockaddr_in6.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal struct NativeAddress
{
    public const int Size = 28;

    // The values of sa_family_t are those of Linux.
    private const ushort InterNetwork = 2;
    private const ushort InterNetworkV6 = 10;

    [FieldOffset(0)]
    private ushort _family;

    [FieldOffset(0)]
    private Bytes _bytes;

    [UnscopedRef]
    private Span<byte> Span => _bytes;

    public static NativeAddress From(IPEndPoint endPoint)
    {
        var result = default(NativeAddress);
        var bytes = result.Span;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)endPoint.Port);
        if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
        {
            result._family = InterNetworkV6;
            endPoint.Address.TryWriteBytes(bytes[8..], out _);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], (uint)endPoint.Address.ScopeId);
        }
        else
        {
            result._family = InterNetwork;
            endPoint.Address.TryWriteBytes(bytes[4..], out _);
        }

        return result;
    }

    /// <summary>Converts the address; an IPv4-mapped address becomes IPv4.</summary>
    public IPEndPoint ToEndPoint()
    {
        var bytes = Span;
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (_family != InterNetworkV6)
            return new IPEndPoint(new IPAddress(bytes.Slice(4, 4)), port);
        var address = new IPAddress(bytes.Slice(8, 16), BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]));
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port);
    }

    [InlineArray(Size)]
    private struct Bytes
    {
        private byte _first;
    }
}
