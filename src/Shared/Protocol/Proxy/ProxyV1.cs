using System.Net;

namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>Writes and strictly reads the text header of HAProxy's PROXY protocol (proxy-protocol.txt section 2.1).</summary>
public static class ProxyV1
{
    /// <summary>The most bytes of a header with its CRLF.</summary>
    public const int MaxLength = 107;

    private const int AddressCount = 2;

    private static ReadOnlySpan<byte> Unknown => "PROXY UNKNOWN\r\n"u8;

    private static ReadOnlySpan<byte> Prefix => "PROXY "u8;

    /// <summary>
    /// Writes the header with its CRLF, without allocating. It is TCP4 if both addresses are IPv4 or IPv4-mapped, UNKNOWN if one is
    /// missing, and otherwise TCP6, where an IPv4 address is written mapped. Scope ids are left out.
    /// </summary>
    /// <param name="destination">Where to write; <see cref="MaxLength"/> bytes are always enough.</param>
    /// <param name="source">The client.</param>
    /// <param name="destinationEndPoint">Where the client connected to.</param>
    /// <returns>The bytes written.</returns>
    public static int Write(Span<byte> destination, IPEndPoint? source, IPEndPoint? destinationEndPoint)
    {
        if (source is null || destinationEndPoint is null)
        {
            Unknown.CopyTo(destination);
            return Unknown.Length;
        }

        var ipv4 = AddressPair.IsIPv4(source.Address, destinationEndPoint.Address);
        var family = ipv4 ? "PROXY TCP4 "u8 : "PROXY TCP6 "u8;
        family.CopyTo(destination);
        var length = family.Length;
        length += WriteAddress(destination[length..], source.Address, ipv4);
        destination[length++] = (byte)' ';
        length += WriteAddress(destination[length..], destinationEndPoint.Address, ipv4);
        destination[length++] = (byte)' ';
        length += AddressText.WriteNumber(source.Port, destination[length..]);
        destination[length++] = (byte)' ';
        length += AddressText.WriteNumber(destinationEndPoint.Port, destination[length..]);
        "\r\n"u8.CopyTo(destination[length..]);
        return length + 2;
    }

    /// <summary>
    /// Reads the header that <paramref name="data"/> begins with. Accepts any input, and looks at no more than 107 bytes.
    /// </summary>
    /// <param name="data">What was received so far.</param>
    /// <param name="header">The header, if complete.</param>
    /// <param name="consumed">The header's length with its CRLF, if complete.</param>
    public static ProxyParseStatus TryParse(ReadOnlySpan<byte> data, out ProxyHeader header, out int consumed)
    {
        (header, consumed) = (default, 0);
        data = data[..Math.Min(data.Length, MaxLength)];

        // The first wrong byte ends a stranger's attempt: there is no reason to wait for the rest of a line that can't be valid.
        var prefixLength = Math.Min(data.Length, Prefix.Length);
        if (!data[..prefixLength].SequenceEqual(Prefix[..prefixLength]))
            return ProxyParseStatus.Invalid;

        var end = data.IndexOf((byte)'\n');
        if (end < 0)
            return data.Length < MaxLength ? ProxyParseStatus.Incomplete : ProxyParseStatus.Invalid;
        if (data[end - 1] != (byte)'\r' || !TryParseLine(data[Prefix.Length..(end - 1)], out header))
            return ProxyParseStatus.Invalid;
        consumed = end + 1;
        return ProxyParseStatus.Complete;
    }

    private static int WriteAddress(Span<byte> destination, IPAddress address, bool ipv4)
    {
        Span<byte> bytes = stackalloc byte[AddressPair.IPv6Length];
        if (ipv4)
        {
            AddressPair.WriteIPv4(address, bytes);
            return AddressText.WriteIPv4(bytes, destination);
        }

        AddressPair.WriteIPv6(address, bytes);
        return AddressText.WriteIPv6(bytes, destination);
    }

    private static bool TryParseLine(ReadOnlySpan<byte> line, out ProxyHeader header)
    {
        header = default;
        var protocol = TakeField(ref line);
        if (protocol.SequenceEqual("UNKNOWN"u8))
            return true; // Whatever follows is ignored (section 2.1).

        var ipv4 = protocol.SequenceEqual("TCP4"u8);
        if (!ipv4 && !protocol.SequenceEqual("TCP6"u8))
            return false;

        Span<byte> addresses = stackalloc byte[AddressCount * AddressPair.IPv6Length];
        var length = ipv4 ? AddressPair.IPv4Length : AddressPair.IPv6Length;
        var source = addresses[..length];
        var destination = addresses.Slice(length, length);
        // The last field is all that remains, so a fifth field or a trailing space is part of it and makes it wrong.
        if (!TryReadAddress(TakeField(ref line), source)
            || !TryReadAddress(TakeField(ref line), destination)
            || !AddressText.TryReadNumber(TakeField(ref line), IPEndPoint.MaxPort, out var sourcePort)
            || !AddressText.TryReadNumber(line, IPEndPoint.MaxPort, out var destinationPort))
        {
            return false;
        }

        header = new ProxyHeader(
            new IPEndPoint(new IPAddress(source), sourcePort),
            new IPEndPoint(new IPAddress(destination), destinationPort),
            ProxyTransport.Stream,
            IsLocal: false);
        return true;
    }

    private static bool TryReadAddress(ReadOnlySpan<byte> text, Span<byte> address) =>
        address.Length == AddressPair.IPv4Length ? AddressText.TryReadIPv4(text, address) : AddressText.TryReadIPv6(text, address);

    private static ReadOnlySpan<byte> TakeField(ref ReadOnlySpan<byte> line)
    {
        var space = line.IndexOf((byte)' ');
        var field = space < 0 ? line : line[..space];
        line = space < 0 ? default : line[(space + 1)..];
        return field;
    }
}
