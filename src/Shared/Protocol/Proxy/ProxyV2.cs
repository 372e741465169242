using System.Buffers.Binary;
using System.Net;

namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>
/// Writes and reads the binary header of HAProxy's PROXY protocol (proxy-protocol.txt section 2.2): 16 fixed bytes, addresses, and
/// additional fields.
/// </summary>
public static class ProxyV2
{
    /// <summary>Bytes before the addresses: signature, version and command, family and transport, length of the rest.</summary>
    public const int FixedLength = 16;

    /// <summary>Bytes of a header with IPv4 addresses and no additional fields.</summary>
    public const int IPv4Length = FixedLength + 12;

    /// <summary>Bytes of a header with IPv6 addresses and no additional fields.</summary>
    public const int IPv6Length = FixedLength + 36;

    /// <summary>The most bytes of a header.</summary>
    public const int MaxLength = FixedLength + ushort.MaxValue;

    internal const int CommandOffset = 12;
    internal const int FamilyOffset = 13;
    internal const int LengthOffset = 14;
    internal const byte VersionBits = 0x20;
    internal const byte LocalCommand = 0;
    internal const byte ProxyCommand = 1;
    internal const int IPv4Family = 1;
    internal const int IPv6Family = 2;

    /// <summary>The twelve bytes that every header begins with.</summary>
    public static ReadOnlySpan<byte> Signature => [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    // The index is the family's number (unspecified, IPv4, IPv6, Unix sockets), the value has the bytes of both addresses and ports.
    private static ReadOnlySpan<byte> AddressLengths => [0, 12, 36, 216];

    /// <summary>Writes a header without additional fields, without allocating. It is LOCAL if an address is missing.</summary>
    /// <returns>The bytes written: 28 for IPv4, 52 for IPv6, 16 for LOCAL.</returns>
    public static int Write(Span<byte> buffer, IPEndPoint? source, IPEndPoint? destination, ProxyTransport transport) =>
        new ProxyV2Writer(buffer, source, destination, transport).Finish();

    /// <summary>Writes a header with additional fields and, if requested, a checksum as the last field.</summary>
    /// <returns>The bytes written.</returns>
    public static int Write(Span<byte> buffer, in ProxyHeader header, ReadOnlySpan<ProxyTlv> tlvs, bool crc32C = false)
    {
        var writer = header.IsLocal
            ? new ProxyV2Writer(buffer, null, null, ProxyTransport.Unspecified)
            : new ProxyV2Writer(buffer, header.Source, header.Destination, header.Transport);
        foreach (ref readonly var tlv in tlvs)
            writer.Add(tlv.Type, tlv.Value.Span);
        return writer.Finish(crc32C);
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{byte}, int, out ProxyHeader, out ProxyTlvs, out int)"/>
    public static ProxyParseStatus TryParse(ReadOnlySpan<byte> data, out ProxyHeader header, out int consumed) =>
        TryParse(data, MaxLength, out header, out _, out consumed);

    /// <summary>
    /// Reads the header that <paramref name="data"/> begins with. Accepts any input. For LOCAL, and for families other than IPv4 and IPv6,
    /// the addresses are skipped and unknown. A checksum must be right if there is one.
    /// </summary>
    /// <param name="data">What was received so far.</param>
    /// <param name="maxLength">The most bytes that the whole header may have.</param>
    /// <param name="header">The header, if complete.</param>
    /// <param name="tlvs">The additional fields, in <paramref name="data"/>.</param>
    /// <param name="consumed">The header's length, if complete.</param>
    public static ProxyParseStatus TryParse(
        ReadOnlySpan<byte> data, int maxLength, out ProxyHeader header, out ProxyTlvs tlvs, out int consumed)
    {
        header = default;
        tlvs = default;
        consumed = 0;

        var signatureLength = Math.Min(data.Length, Signature.Length);
        if (!data[..signatureLength].SequenceEqual(Signature[..signatureLength]))
            return ProxyParseStatus.Invalid;
        if (data.Length < FixedLength)
            return ProxyParseStatus.Incomplete;

        var length = FixedLength + BinaryPrimitives.ReadUInt16BigEndian(data[LengthOffset..]);
        if (length > maxLength || !TryParseFixed(data, out var isLocal, out var family, out var transport))
            return ProxyParseStatus.Invalid;
        if (data.Length < length)
            return ProxyParseStatus.Incomplete;

        data = data[..length];
        if (!TryParseRest(data, isLocal, family, transport, out header, out tlvs) || !HasRightChecksum(data, tlvs))
        {
            header = default;
            tlvs = default;
            return ProxyParseStatus.Invalid;
        }

        consumed = length;
        return ProxyParseStatus.Complete;
    }

    private static bool TryParseFixed(ReadOnlySpan<byte> data, out bool isLocal, out int family, out ProxyTransport transport)
    {
        isLocal = data[CommandOffset] == (VersionBits | LocalCommand);
        family = data[FamilyOffset] >> 4;
        transport = (ProxyTransport)(data[FamilyOffset] & 0x0F);
        // The receiver of LOCAL must discard everything, including the family.
        return isLocal
            || (
                data[CommandOffset] == (VersionBits | ProxyCommand) && family < AddressLengths.Length
                && transport <= ProxyTransport.Datagram);
    }

    private static bool TryParseRest(
        ReadOnlySpan<byte> data, bool isLocal, int family, ProxyTransport transport, out ProxyHeader header, out ProxyTlvs tlvs)
    {
        var rest = data[FixedLength..];
        var addressLength = family < AddressLengths.Length ? AddressLengths[family] : 0;
        if (isLocal || family == 0)
        {
            // The bytes there need not make sense: only receivers that expect fields read them.
            header = new ProxyHeader(null, null, ProxyTransport.Unspecified, isLocal);
            ProxyTlvs.TryCreate(rest[Math.Min(addressLength, rest.Length)..], out tlvs);
            return true;
        }

        header = default;
        tlvs = default;
        if (rest.Length < addressLength || !ProxyTlvs.TryCreate(rest[addressLength..], out tlvs))
            return false;
        header = family is IPv4Family or IPv6Family && transport != ProxyTransport.Unspecified
            ? ReadAddresses(rest, family == IPv4Family ? AddressPair.IPv4Length : AddressPair.IPv6Length, transport)
            : new ProxyHeader(null, null, transport, IsLocal: false);
        return true;
    }

    private static ProxyHeader ReadAddresses(ReadOnlySpan<byte> rest, int addressLength, ProxyTransport transport)
    {
        var ports = rest[(2 * addressLength)..];
        var source = new IPEndPoint(new IPAddress(rest[..addressLength]), BinaryPrimitives.ReadUInt16BigEndian(ports));
        var destination =
            new IPEndPoint(new IPAddress(rest.Slice(addressLength, addressLength)), BinaryPrimitives.ReadUInt16BigEndian(ports[2..]));
        return new ProxyHeader(source, destination, transport, IsLocal: false);
    }

    private static bool HasRightChecksum(ReadOnlySpan<byte> header, ProxyTlvs tlvs)
    {
        var checksums = 0;
        foreach (var tlv in tlvs)
        {
            if (tlv.Type != ProxyTlvType.Crc32C)
                continue;
            // Only one checksum is allowed: each costs a pass over the header, and a hostile header has room for thousands.
            if (++checksums > 1 || tlv.Value.Length != sizeof(uint) || !header.Overlaps(tlv.Value, out var offset)
                || BinaryPrimitives.ReadUInt32BigEndian(tlv.Value) != Crc32C.ComputeWithout(header, offset))
            {
                return false;
            }
        }

        return true;
    }
}
