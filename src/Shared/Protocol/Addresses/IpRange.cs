using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.Protocol.Addresses;

/// <summary>
/// A range of addresses of one family, both ends included. It is written as an address, a CIDR (RFC 4632, RFC 4291 section 2.3) or
/// <c>first-last</c>.
/// </summary>
public readonly record struct IpRange
{
    /// <summary>The length in characters of the longest text that is read.</summary>
    public const int MaxTextLength = 49;

    private const int MappedBits = 96;

    private IpRange(AddressFamily family, UInt128 first, UInt128 last) => (Family, First, Last) = (family, first, last);

    /// <summary><see cref="AddressFamily.InterNetwork"/> or <see cref="AddressFamily.InterNetworkV6"/>.</summary>
    public AddressFamily Family { get; }

    /// <summary>The first address as a number.</summary>
    public UInt128 First { get; }

    /// <summary>The last address as a number.</summary>
    public UInt128 Last { get; }

    /// <summary>The length of the prefix when the range is a CIDR, else null.</summary>
    public int? PrefixLength
    {
        get
        {
            var size = Last - First;
            if ((size & (size + 1)) != 0 || (First & size) != 0)
                return null;
            return Bits(Family) - (int)UInt128.PopCount(size);
        }
    }

    /// <summary>The first address.</summary>
    public IPAddress FirstAddress => ToAddress(First);

    /// <summary>The last address.</summary>
    public IPAddress LastAddress => ToAddress(Last);

    /// <summary>The range of one address. An IPv4-mapped address counts as IPv4, and a scope id is left out.</summary>
    public static IpRange Of(IPAddress address)
    {
        var number = AddressNumber.Of(address);
        return AddressNumber.IsIPv4(number)
            ? new IpRange(AddressFamily.InterNetwork, (uint)number, (uint)number)
            : new IpRange(AddressFamily.InterNetworkV6, number, number);
    }

    /// <summary>The range of all addresses of a network.</summary>
    public static IpRange Of(IPNetwork network)
    {
        var one = Of(network.BaseAddress);
        // A mapped network counts as IPv4, without the 96 bits that map it.
        var length = network.PrefixLength - (network.BaseAddress.IsIPv4MappedToIPv6 ? MappedBits : 0);
        var hosts = Hosts(one.Family, Math.Max(length, 0));
        return new IpRange(one.Family, one.First & ~hosts, one.First | hosts);
    }

    /// <summary>The range between two numbers of one family, both included.</summary>
    public static IpRange Between(AddressFamily family, UInt128 first, UInt128 last) => new(family, first, last);

    /// <summary>
    /// Reads an address or a CIDR, and nothing else: leading zeros, a scope or bits behind the prefix are errors. IPv4-mapped addresses
    /// count as IPv4. Accepts any input.
    /// </summary>
    /// <param name="text">What an operator or a peer wrote.</param>
    /// <param name="range">The addresses.</param>
    /// <param name="error">What is wrong and what would be valid.</param>
    public static bool TryParse(string text, out IpRange range, [NotNullWhen(false)] out string? error)
    {
        range = default;
        error = HostSyntax.FaultOf(text, "must be an address or a CIDR such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32");
        if (text.Length > MaxTextLength || !Ascii.IsValid(text))
            return false;
        var slash = text.IndexOf('/');
        if (!TryReadAddress(slash < 0 ? text : text[..slash], out var family, out var first))
            return false;
        var length = Bits(family);
        if (slash >= 0 && !TryReadLength(text.AsSpan(slash + 1), length, out length))
        {
            error = $"must have a prefix length of 0–{Bits(family)} after the slash";
            return false;
        }

        if (family == AddressFamily.InterNetworkV6 && AddressNumber.IsIPv4(first) && length >= MappedBits)
            (family, first, length) = (AddressFamily.InterNetwork, (uint)first, length - MappedBits);
        var hosts = Hosts(family, length);
        if ((first & hosts) != 0)
        {
            error = $"has bits set behind its prefix; valid would be {Show(family, first & ~hosts)}/{length}";
            return false;
        }

        (range, error) = (new IpRange(family, first, first | hosts), null);
        return true;
    }

    /// <summary>Whether the range contains the address; an IPv4-mapped address counts as IPv4.</summary>
    public bool Contains(IPAddress address) => Of(address) is var one && one.Family == Family && one.First >= First && one.First <= Last;

    /// <summary>Whether the two ranges have an address in common.</summary>
    public bool Overlaps(IpRange other) => Family == other.Family && First <= other.Last && other.First <= Last;

    /// <inheritdoc/>
    public override string ToString() =>
        First == Last ? Show(Family, First)
        : PrefixLength is { } length ? string.Create(CultureInfo.InvariantCulture, $"{Show(Family, First)}/{length}")
        : $"{Show(Family, First)}-{Show(Family, Last)}";

    // A shift by all 128 bits would shift by none.
    private static UInt128 Hosts(AddressFamily family, int length) =>
        Bits(family) - length is var bits && bits == 128 ? UInt128.MaxValue : (UInt128.One << bits) - 1;

    private static int Bits(AddressFamily family) => family == AddressFamily.InterNetwork ? 32 : 128;

    private static bool TryReadAddress(string text, out AddressFamily family, out UInt128 number)
    {
        Span<byte> bytes = stackalloc byte[16];
        var ascii = Encoding.ASCII.GetBytes(text);
        family = text.Contains(':') ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        number = default;
        if (family == AddressFamily.InterNetwork)
            bytes = bytes[..4];
        if (!(family == AddressFamily.InterNetwork ? AddressText.TryReadIPv4(ascii, bytes) : AddressText.TryReadIPv6(ascii, bytes)))
            return false;
        number = ToNumber(bytes);
        return true;
    }

    private static bool TryReadLength(ReadOnlySpan<char> text, int max, out int length) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out length) && length <= max
            && (text.Length == 1 || text[0] != '0');

    private static UInt128 ToNumber(ReadOnlySpan<byte> bytes) =>
        bytes.Length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);

    private static string Show(AddressFamily family, UInt128 number) => Between(family, number, number).FirstAddress.ToString();

    private IPAddress ToAddress(UInt128 number)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(Family == AddressFamily.InterNetwork ? bytes[12..] : bytes);
    }
}
