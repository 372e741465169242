using System.Buffers.Binary;
using System.Net;
using Tunnel.Edge.Endpoints;

namespace Tunnel.Edge.Udp;

/// <summary>
/// A client's address and port, and the address of ours that it wrote to. Addresses are IPv6 numbers, with IPv4 in its mapped form (RFC
/// 4291 section 2.5.5.2), so that a path is a value without allocations and the same for both families.
/// </summary>
/// <param name="Remote">The client's address.</param>
/// <param name="RemotePort">The client's port.</param>
/// <param name="Local">Our address; 0 when it is not known.</param>
/// <param name="Interface">The interface's index for link-local addresses, else 0.</param>
internal readonly record struct DatagramPath(UInt128 Remote, ushort RemotePort, UInt128 Local, uint Interface)
{
    public IPEndPoint RemoteEndPoint => ClientAddress.Normalise(new IPEndPoint(ToAddress(Remote), RemotePort))!;

    public IPEndPoint LocalEndPoint(int port) => ClientAddress.Normalise(new IPEndPoint(ToAddress(Local), port))!;

    private static IPAddress ToAddress(UInt128 number)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(bytes);
    }
}
