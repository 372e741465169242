using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Tunnel.Shared.Hosting.Logging;

/// <summary>
/// Removes from each IP address in a text the part that identifies one machine: IPv4 keeps 24 bits, IPv6 keeps 48. What only looks like an
/// address (a time, a version of four numbers above 255) is left alone.
/// </summary>
internal static partial class AddressMask
{
    private const int KeptBytesOfIPv6 = 6;

    public static string Apply(string text) => IPv4().Replace(IPv6().Replace(text, MaskIPv6), MaskIPv4);

    private static string MaskIPv4(Match match) =>
        IPAddress.TryParse(match.ValueSpan, out _)
            ? string.Concat(match.ValueSpan[..(match.ValueSpan.LastIndexOf('.') + 1)], "0")
            : match.Value;

    private static string MaskIPv6(Match match)
    {
        // A colon after an address belongs to the sentence: "2001:db8::1: refused".
        var text = match.Value;
        var after = text.EndsWith(':') && !text.EndsWith("::", StringComparison.Ordinal) ? ":" : "";
        text = text[..^after.Length];
        return IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6
            ? Mask(address) + after
            : match.Value;
    }

    private static string Mask(IPAddress address)
    {
        // The last part is an IPv4 address, of which 24 bits may stay.
        if (address.IsIPv4MappedToIPv6)
            return "::ffff:" + IPv4().Replace(address.MapToIPv4().ToString(), MaskIPv4);
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[KeptBytesOfIPv6..].Clear();
        return new IPAddress(bytes).ToString();
    }

    // The match must not be within a longer word or number.
    [GeneratedRegex(@"(?<![\w.])\d{1,3}(\.\d{1,3}){3}(?![\w]|\.\d)", RegexOptions.CultureInvariant)]
    private static partial Regex IPv4();

    [GeneratedRegex(
        @"(?<![\w:.])[0-9A-Fa-f]{0,4}(:[0-9A-Fa-f]{0,4}){2,8}(\d{0,3}(\.\d{1,3}){3}:?)?(?![\w:]|\.\d)", RegexOptions.CultureInvariant)]
    private static partial Regex IPv6();
}
