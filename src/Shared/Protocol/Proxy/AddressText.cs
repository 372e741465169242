using System.Buffers.Binary;
using System.Buffers.Text;

namespace Tunnel.Shared.Protocol.Proxy;

/// <summary>
/// Writes and reads addresses as PROXY v1 has them. <see cref="System.Net.IPAddress"/> is not suitable: it reads too much (<c>1.2</c>,
/// octal and hexadecimal numbers, scope ids, brackets), and it writes ISATAP addresses dotted, which makes them longer than the 39
/// characters that a header of 107 bytes has room for.
/// </summary>
internal static class AddressText
{
    private const int Groups = 8;
    private const int FirstMappedIPv4Byte = 12;

    private static ReadOnlySpan<byte> MappedPrefix => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF];

    /// <summary>Writes four bytes as a dotted quad, at most 15 characters; returns how many.</summary>
    public static int WriteIPv4(ReadOnlySpan<byte> address, Span<byte> destination)
    {
        var length = 0;
        for (var i = 0; i < AddressPair.IPv4Length; i++)
        {
            if (i > 0)
                destination[length++] = (byte)'.';
            length += WriteNumber(address[i], destination[length..]);
        }

        return length;
    }

    /// <summary>Writes sixteen bytes as RFC 5952 recommends, at most 39 characters; returns how many.</summary>
    public static int WriteIPv6(ReadOnlySpan<byte> address, Span<byte> destination)
    {
        if (address.StartsWith(MappedPrefix))
        {
            "::ffff:"u8.CopyTo(destination);
            return 7 + WriteIPv4(address[FirstMappedIPv4Byte..], destination[7..]);
        }

        var (zeros, zeroCount) = LongestZeros(address);
        var length = 0;
        for (var group = 0; group < Groups; group++)
        {
            if (group == zeros)
            {
                "::"u8.CopyTo(destination[length..]);
                length += 2;
                group += zeroCount - 1;
                continue;
            }

            if (group > 0 && destination[length - 1] != (byte)':')
                destination[length++] = (byte)':';
            Utf8Formatter.TryFormat(Group(address, group), destination[length..], out var digits, 'x');
            length += digits;
        }

        return length;
    }

    /// <summary>Writes a non-negative number in decimal; returns how many characters.</summary>
    public static int WriteNumber(int value, Span<byte> destination) =>
        Utf8Formatter.TryFormat(value, destination, out var digits)
            ? digits
            : throw new ArgumentException("Too short.", nameof(destination));

    /// <summary>Reads a dotted quad: four numbers of 0–255 without leading zeros, and nothing else.</summary>
    public static bool TryReadIPv4(ReadOnlySpan<byte> text, Span<byte> address)
    {
        for (var i = 0; i < AddressPair.IPv4Length; i++)
        {
            var end = i < AddressPair.IPv4Length - 1 ? text.IndexOf((byte)'.') : text.Length;
            if (end < 0 || !TryReadNumber(text[..end], byte.MaxValue, out var value))
                return false;
            address[i] = (byte)value;
            text = end < text.Length ? text[(end + 1)..] : default;
        }

        return true;
    }

    /// <summary>
    /// Reads what RFC 4291 section 2.2 allows: eight groups, one <c>::</c>, and an IPv4 address in place of the last two groups.
    /// </summary>
    public static bool TryReadIPv6(ReadOnlySpan<byte> text, Span<byte> address)
    {
        address.Clear();
        var gap = text.IndexOf("::"u8);
        if (gap < 0)
            return TryReadGroups(text, address, out var all) && all == AddressPair.IPv6Length;

        Span<byte> tail = stackalloc byte[AddressPair.IPv6Length];
        var before = text[..gap];
        var after = text[(gap + 2)..];
        // A dotted quad ends the address, so it can't come before the gap; the gap stands for at least one group.
        if (before.Contains((byte)'.')
            || !TryReadOptionalGroups(before, address, out var headLength)
            || !TryReadOptionalGroups(after, tail, out var tailLength)
            || headLength + tailLength > AddressPair.IPv6Length - 2)
        {
            return false;
        }

        tail[..tailLength].CopyTo(address[^tailLength..]);
        return true;
    }

    /// <summary>Reads a decimal number of 0–<paramref name="max"/> without sign or leading zeros.</summary>
    public static bool TryReadNumber(ReadOnlySpan<byte> text, int max, out int value)
    {
        const int maxDigits = 5;
        value = 0;
        if (text.Length is 0 or > maxDigits || (text.Length > 1 && text[0] == (byte)'0'))
            return false;
        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit((char)digit))
                return false;
            value = (value * 10) + (digit - '0');
        }

        return value <= max;
    }

    private static bool TryReadOptionalGroups(ReadOnlySpan<byte> text, Span<byte> bytes, out int length)
    {
        length = 0;
        return text.IsEmpty || TryReadGroups(text, bytes, out length);
    }

    private static bool TryReadGroups(ReadOnlySpan<byte> text, Span<byte> bytes, out int length)
    {
        for (length = 0; length < AddressPair.IPv6Length; length += 2)
        {
            var end = text.IndexOf((byte)':');
            var group = end < 0 ? text : text[..end];
            if (end < 0 && group.Contains((byte)'.'))
            {
                if (length > FirstMappedIPv4Byte || !TryReadIPv4(group, bytes[length..]))
                    return false;
                length += AddressPair.IPv4Length;
                return true;
            }

            if (!TryReadGroup(group, out var value))
                return false;
            BinaryPrimitives.WriteUInt16BigEndian(bytes[length..], value);
            if (end < 0)
            {
                length += 2;
                return true;
            }

            text = text[(end + 1)..];
        }

        return false;
    }

    private static bool TryReadGroup(ReadOnlySpan<byte> text, out ushort value)
    {
        const int maxDigits = 4;
        value = 0;
        return text.Length is > 0 and <= maxDigits && Utf8Parser.TryParse(text, out value, out var used, 'x') && used == text.Length;
    }

    private static ushort Group(ReadOnlySpan<byte> address, int group) => BinaryPrimitives.ReadUInt16BigEndian(address[(2 * group)..]);

    /// <summary>
    /// Finds the first of the longest runs of two or more zero groups, which <c>::</c> stands for (RFC 5952 section 4.2).
    /// </summary>
    private static (int Start, int Count) LongestZeros(ReadOnlySpan<byte> address)
    {
        var (best, bestCount, count) = (-1, 1, 0);
        for (var group = 0; group < Groups; group++)
        {
            count = Group(address, group) == 0 ? count + 1 : 0;
            if (count > bestCount)
                (best, bestCount) = (group - count + 1, count);
        }

        return (best, bestCount);
    }
}
