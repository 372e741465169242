using System.Net;
using System.Net.Sockets;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.TestUtilities;

namespace Tunnel.FuzzTests.Targets;

/// <summary>Addresses, networks, hosts and ports as people write them.</summary>
internal static class AddressTargets
{
    public static IReadOnlyList<byte[]> AddressSeeds { get; } = Words.Of(
        "192.0.2.7", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::/0", "::1", "::ffff:192.0.2.7", "::ffff:10.0.0.0/104", "fe80::1",
        "1:2:3:4:5:6:7:8", "1::8", "::1.2.3.4");

    public static IReadOnlyList<byte[]> HostSeeds { get; } = Words.Of(
        "hub.example.com", "hub.example.com:8443", "192.0.2.7:1", "[2001:db8::1]:8443", "[::1]", "2001:db8::1", "localhost",
        "https://192.0.2.1:8443", "http://127.0.0.1:80", "http://[::1]:80", "xn--bcher-kva.example");

    public static IReadOnlyList<byte[]> PortSeeds { get; } = Words.Of(
        "443", "80,443,8000-8010", "1-1000", " 80 , 443 ", "tcp/443", "udp/53", "65535", "1-2,4-5,7");

    public static IReadOnlyList<byte[]> Tokens { get; } = Words.Of(
        "::", ":", ".", "/", "/0", "/32", "/128", "/33", "ffff:", "0", "00", "010.", "0x1", "255.", "256", "65535", "65536", "%eth0", "[",
        "]", "]:", "-", ",", "tcp/", "udp/", "https://", "http://", "@", "?", "#", "é", " ", "+1", "-1");

    public static bool RunAddress(ReadOnlySpan<byte> input)
    {
        CheckStrictAddress(input);
        if (!IpRange.TryParse(Words.Text(input), out var range, out var error))
        {
            Check.IsErrorText(error);
            return false;
        }

        if (!IpRange.TryParse(range.ToString(), out var again, out error))
            throw new PropertyException($"{range} is not read again: {error}");
        Check.Equal(range, again, "a range is read as it was written");

        // An IPv6 range may end within the addresses that map IPv4, which count as IPv4.
        if (range.Family == AddressFamily.InterNetwork || !AddressNumber.IsIPv4(range.Last))
        {
            Check.That(range.Contains(range.LastAddress), "a range has its end");
            Check.That(new CidrSet([range]).Contains(range.LastAddress), "a set has what is in its ranges");
        }

        return true;
    }

    public static bool RunHost(ReadOnlySpan<byte> input)
    {
        var text = Words.Text(input);
        if (!AllowedAddresses.TryParse(text, out _, out var error))
            Check.That(error.Length > 0, "an error says what is wrong");
        var isUrl = AdminListen.TryParse(text, out var listen);
        if (isUrl)
            Check.That(listen.IsTls || IPAddress.IsLoopback(listen.EndPoint.Address), "without TLS at loopback only");
        if (!HostSyntax.TryParseHostAndPort(text, out var host, out var port))
            return isUrl;
        var written = HostSyntax.Format(host, port ?? 1);
        if (!HostSyntax.TryParseHostAndPort(written, out var hostAgain, out var portAgain))
            throw new PropertyException($"{written} is not read again");
        Check.Equal(host, hostAgain, "the host");
        Check.Equal(port ?? 1, portAgain, "the port");
        return true;
    }

    public static bool RunPorts(ReadOnlySpan<byte> input)
    {
        var text = Words.Text(input);
        var isKey = PortKey.TryParse(text, out var key);
        if (isKey)
            Check.Equal(text, key.ToString(), "a key can be written in one way");
        if (PortRange.TryParse(text, out var range) && PortRange.TryParse(range.ToString(), out var rangeAgain))
            Check.Equal(range, rangeAgain, "a range");
        if (!PortList.TryParse(text, out var ports, out var errors))
        {
            Check.That(errors.Length > 0, "an error says what is wrong");
            return isKey;
        }

        for (var i = 1; i < ports.Length; i++)
            Check.That(ports[i - 1] < ports[i], "ports rise");
        Check.That(PortList.TryParse(PortList.Format(ports), out var again, out _), "a list that was written is read");
        Check.That(again.AsSpan().SequenceEqual(ports.AsSpan()), "a list is read as it was written");
        return true;
    }

    // What we take for an address, everybody else takes for the same.
    private static void CheckStrictAddress(ReadOnlySpan<byte> text)
    {
        Span<byte> address = stackalloc byte[16];
        Span<byte> written = stackalloc byte[64];
        Span<byte> again = stackalloc byte[16];
        if (AddressText.TryReadIPv4(text, address))
        {
            Check.Same(text, written[..AddressText.WriteIPv4(address, written)], "an IPv4 address can be written in one way");
        }
        else if (AddressText.TryReadIPv6(text, address))
        {
            Check.That(
                IPAddress.TryParse(Words.Text(text), out var theirs) && theirs.AddressFamily == AddressFamily.InterNetworkV6,
                "others read it too");
            Check.Same(theirs!.GetAddressBytes(), address, "others read it as the same");
            Check.That(AddressText.TryReadIPv6(written[..AddressText.WriteIPv6(address, written)], again), "what was written is read");
            Check.Same(address, again, "an address");
        }
    }
}
