using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.Protocol.Addresses;

/// <summary>A block of addresses in CIDR notation (RFC 4632, RFC 4291 section 2.3); a single address is a block of one.</summary>
public readonly record struct Cidr
{
    /// <summary>Characters of the longest text that is read.</summary>
    public const int MaxTextLength = 49;

    private const int AddressBits = 128;
    private const int MappedBits = 96;

    private readonly byte _prefix;

    private Cidr(UInt128 first, int prefix) => (First, _prefix) = (first, (byte)prefix);

    /// <summary>The first address.</summary>
    public UInt128 First { get; }

    /// <summary>The last address.</summary>
    public UInt128 Last => First | HostMask(_prefix);

    /// <summary>Of IPv4 addresses. An IPv6 block has no IPv4 address in it, not even <c>::/0</c>.</summary>
    public bool IsIPv4 => AddressNumber.IsIPv4(First) && _prefix >= MappedBits;

    /// <summary>Reads <c>10.0.0.0/8</c>, <c>2001:db8::/32</c> or a single address. Takes any input.</summary>
    /// <param name="text">The text.</param>
    /// <param name="cidr">The block.</param>
    /// <param name="error">What is wrong and what would be valid.</param>
    public static bool TryParse(string text, out Cidr cidr, [NotNullWhen(false)] out string? error)
    {
        cidr = default;
        error = "must be an address or a CIDR such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32";
        if (text.Length > MaxTextLength)
            return false;

        Span<byte> ascii = stackalloc byte[MaxTextLength];
        if (Encoding.UTF8.GetByteCount(text) != text.Length)
            return false;
        ascii = ascii[..Encoding.ASCII.GetBytes(text, ascii)];
        var slash = ascii.IndexOf((byte)'/');
        if (!TryReadAddress(slash < 0 ? ascii : ascii[..slash], out var address, out var isIPv4))
            return false;

        var most = isIPv4 ? AddressBits - MappedBits : AddressBits;
        var length = most;
        if (slash >= 0 && !AddressText.TryReadNumber(ascii[(slash + 1)..], most, out length))
        {
            error = $"must have a prefix length of 0–{most} after the slash";
            return false;
        }

        var prefix = isIPv4 ? length + MappedBits : length;
        cidr = new Cidr(address & ~HostMask(prefix), prefix);
        error = cidr.First == address ? null : $"has bits set behind its prefix; valid would be {cidr}";
        return error is null;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var address = AddressNumber.ToAddress(First);
        return _prefix == AddressBits
            ? address.ToString()
            : string.Create(CultureInfo.InvariantCulture, $"{address}/{(IsIPv4 ? _prefix - MappedBits : _prefix)}");
    }

    private static UInt128 HostMask(int prefix) => prefix == AddressBits ? UInt128.Zero : UInt128.MaxValue >> prefix;

    private static bool TryReadAddress(ReadOnlySpan<byte> text, out UInt128 address, out bool isIPv4)
    {
        Span<byte> bytes = stackalloc byte[AddressPair.IPv6Length];
        address = default;
        isIPv4 = AddressText.TryReadIPv4(text, bytes);
        if (!isIPv4 && !AddressText.TryReadIPv6(text, bytes))
            return false;
        address = AddressNumber.Of(new IPAddress(isIPv4 ? bytes[..AddressPair.IPv4Length] : bytes));
        return true;
    }
}
