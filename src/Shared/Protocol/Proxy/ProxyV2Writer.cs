using System.Buffers.Binary;
using System.Net;

namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>Builds a v2 header with additional fields in the caller's buffer, without allocating.</summary>
public ref struct ProxyV2Writer
{
    private readonly Span<byte> _buffer;
    private int _length;

    /// <summary>
    /// Begins a header. It is PROXY with both addresses in one family (protocol.md section 9), or LOCAL without addresses if one is missing
    /// or the transport is unspecified.
    /// </summary>
    /// <param name="buffer">The destination: 28 bytes for IPv4 or 52 for IPv6, plus what the fields need.</param>
    /// <param name="source">The client.</param>
    /// <param name="destination">Where the client connected to.</param>
    /// <param name="transport">The connection's transport.</param>
    public ProxyV2Writer(Span<byte> buffer, IPEndPoint? source, IPEndPoint? destination, ProxyTransport transport)
    {
        _buffer = buffer;
        _length = ProxyV2.FixedLength;
        ProxyV2.Signature.CopyTo(buffer);
        if (source is null || destination is null || transport == ProxyTransport.Unspecified)
        {
            buffer[ProxyV2.CommandOffset] = ProxyV2.VersionBits | ProxyV2.LocalCommand;
            buffer[ProxyV2.FamilyOffset] = 0;
            return;
        }

        var ipv4 = AddressPair.IsIPv4(source.Address, destination.Address);
        buffer[ProxyV2.CommandOffset] = ProxyV2.VersionBits | ProxyV2.ProxyCommand;
        buffer[ProxyV2.FamilyOffset] = (byte)(((ipv4 ? ProxyV2.IPv4Family : ProxyV2.IPv6Family) << 4) | (int)transport);
        WriteAddress(source.Address, ipv4);
        WriteAddress(destination.Address, ipv4);
        WriteUInt16((ushort)source.Port);
        WriteUInt16((ushort)destination.Port);
    }

    /// <summary>Adds a field; throws if the buffer is too short for it.</summary>
    public void Add(byte type, scoped ReadOnlySpan<byte> value)
    {
        _buffer[_length++] = type;
        WriteUInt16(checked((ushort)value.Length));
        value.CopyTo(_buffer[_length..]);
        _length += value.Length;
    }

    /// <summary>Writes the length and, if requested, a last field with the checksum.</summary>
    /// <returns>The length of the whole header in bytes.</returns>
    public int Finish(bool crc32C = false)
    {
        var checksum = _length + ProxyTlvs.HeaderLength;
        if (crc32C)
            Add(ProxyTlvType.Crc32C, stackalloc byte[sizeof(uint)]);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[ProxyV2.LengthOffset..], checked((ushort)(_length - ProxyV2.FixedLength)));
        if (crc32C)
            BinaryPrimitives.WriteUInt32BigEndian(_buffer[checksum..], Crc32C.ComputeWithout(_buffer[.._length], checksum));
        return _length;
    }

    private void WriteAddress(IPAddress address, bool ipv4)
    {
        if (ipv4)
            AddressPair.WriteIPv4(address, _buffer.Slice(_length, AddressPair.IPv4Length));
        else
            AddressPair.WriteIPv6(address, _buffer.Slice(_length, AddressPair.IPv6Length));
        _length += ipv4 ? AddressPair.IPv4Length : AddressPair.IPv6Length;
    }

    private void WriteUInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[_length..], value);
        _length += sizeof(ushort);
    }
}
