using System.Net;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport.Quic.Streams;

namespace Tunnel.FuzzTests.Targets;

/// <summary>PROXY headers, and the payloads that carry them.</summary>
internal static class ProxyTargets
{
    public static readonly IPEndPoint Client = new(IPAddress.Parse("203.0.113.9"), 50000);
    public static readonly IPEndPoint Server = new(IPAddress.Parse("198.51.100.1"), 443);
    public static readonly IPEndPoint Client6 = new(IPAddress.Parse("2001:db8::9"), 50000);
    public static readonly IPEndPoint Server6 = new(IPAddress.Parse("2001:db8::1"), 443);

    [ThreadStatic]
    private static byte[]? _scratch;

    private delegate ProxyParseStatus Parse(ReadOnlySpan<byte> data, out ProxyHeader header, out int consumed);

    public static IReadOnlyList<byte[]> V1Seeds { get; } =
    [
        .. Words.Of(
            "PROXY TCP4 203.0.113.9 198.51.100.1 50000 443\r\n", "PROXY TCP6 2001:db8::9 2001:db8::1 50000 443\r\nGET / HTTP/1.1\r\n",
            "PROXY UNKNOWN\r\n",
            "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n",
            "PROXY TCP6 ::ffff:203.0.113.9 ::ffff:198.51.100.1 0 65535\r\n",
            "PROXY TCP6 1:2:3:4:5:6:7:8 ::1.2.3.4 1 2\r\n"),
    ];

    public static IReadOnlyList<byte[]> V1Tokens { get; } =
        Words.Of(
            "PROXY ", "TCP4 ", "TCP6 ", "UNKNOWN", "\r\n", "\n", " ", "::", ":", ".", "ffff:", "0.0.0.0", "255.255.255.255", "256", "65535",
            "65536", "00", "PORT ", "443");

    public static IReadOnlyList<byte[]> V2Seeds { get; } =
    [
        V2(Client, Server, ProxyTransport.Stream), V2(Client6, Server6, ProxyTransport.Stream), V2(Client, Server, ProxyTransport.Datagram),
        V2(null, null, ProxyTransport.Stream),
        V2(
            Client, Server, ProxyTransport.Stream, true, new ProxyTlv(ProxyTlvType.Alpn, "h2"u8.ToArray()),
            new ProxyTlv(ProxyTlvType.EdgeId, "edge-1"u8.ToArray())),
        V2(
            Client6, Server6, ProxyTransport.Datagram, false, new ProxyTlv(ProxyTlvType.ListeningPort, new byte[] { 1, 187 }),
            new ProxyTlv(ProxyTlvType.NoOp, new byte[40])),
    ];

    public static IReadOnlyList<byte[]> V2Tokens { get; } =
        [
            ProxyV2.Signature.ToArray(), [0x21, 0x11, 0, 12], [0x21, 0x21, 0, 36], [0x21, 0x31, 0, 216], [0x20, 0, 0, 0],
            [0x03, 0, 4, 0, 0, 0, 0], [0xE0, 0, 2, 1, 187], [0x04, 0, 0]];

    public static IReadOnlyList<byte[]> OpenSeeds { get; } = [
        Open(Client, Server, null), Open(Client, Server, 443), Open(Client6, Server6, 65535), Open(null, null, 1)];

    public static IReadOnlyList<byte[]> MoveSeeds { get; } =
        Words.Of(
            "PROXY UNKNOWN\r\nMOVE abc 7 1 0 0\r\n", "PROXY UNKNOWN\r\nMOVE abc 7 2\r\n", "PROXY UNKNOWN\r\nMOVE abc 0 2 1 0\r\n",
            "PROXY UNKNOWN\r\nMOVE 0123456789-_ABCDEFabcd 4294967295 1 9223372036854775807 12\r\n");

    public static IReadOnlyList<byte[]> UdpOpenSeeds { get; } = [
        UdpOpen(Client, Server, null), UdpOpen(Client, Server, 53), UdpOpen(Client6, Server6, 65535), UdpOpen(null, null, 1)];

    public static bool RunV1(ReadOnlySpan<byte> input)
    {
        if (!Parsed(ProxyV1.TryParse, input, out var header, out var consumed))
            return false;
        Check.That(consumed <= ProxyV1.MaxLength, "a v1 line has at most 107 bytes");
        Span<byte> line = stackalloc byte[ProxyV1.MaxLength];
        var written = ProxyV1.Write(line, header.Source, header.Destination);
        Check.That(
            ProxyV1.TryParse(line[..written], out var again, out var all) == ProxyParseStatus.Complete && all == written,
            "what was written is read");
        CheckSameAddresses(header, again);

        // IPv4 can be written in one way only.
        if (input.StartsWith("PROXY TCP4"u8))
            Check.Same(input[..consumed], line[..written], "a TCP4 line is what we would write");
        return true;
    }

    public static bool RunV2(ReadOnlySpan<byte> input)
    {
        if (!Parsed(ProxyV2.TryParse, input, out var header, out var consumed))
            return false;
        ProxyV2.TryParse(input, ProxyV2.MaxLength, out _, out var tlvs, out _);
        var scratch = _scratch ??= new byte[ProxyV2.MaxLength];
        var writer = new ProxyV2Writer(scratch, header.Source, header.Destination, header.Transport);
        foreach (var tlv in tlvs)
        {
            if (tlv.Type != ProxyTlvType.Crc32C)
                writer.Add(tlv.Type, tlv.Value);
        }

        var written = writer.Finish(crc32C: true);
        Check.That(
            ProxyV2.TryParse(scratch.AsSpan(0, written), out var again, out var all) == ProxyParseStatus.Complete && all == written,
            "what was written is read");
        CheckSameAddresses(header, again);
        return true;
    }

    public static bool RunInbound(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty || !Parsed(InboundProxyHeader.TryParse, input, out var header, out var consumed))
            return false;
        Check.That(consumed <= InboundProxyHeader.MaxLength, "an inbound header has at most 4,096 bytes");
        Check.That(header.Transport != ProxyTransport.Datagram, "a stream's header is not a datagram's");
        return true;
    }

    public static bool RunOpen(ReadOnlySpan<byte> input)
    {
        var taken = OpenPayload.TryParse(input, out var source, out var destination, out var port, out var error);
        CheckSameInPieces(input, taken, source, port);
        if (!taken)
        {
            Check.IsErrorText(error);
            return false;
        }

        Span<byte> payload = stackalloc byte[OpenPayload.MaxLength];
        var written = OpenPayload.Write(payload, source, destination, port);
        Check.That(
            OpenPayload.TryParse(payload[..written], out var sourceAgain, out _, out var portAgain, out _), "what was written is read");
        Check.Equal(port, portAgain, "the port");
        Check.That(SameAddress(source, sourceAgain), "the source");
        return true;
    }

    public static bool RunMove(ReadOnlySpan<byte> input)
    {
        if (!MovePayload.TryParse(input, out var move))
            return false;
        Span<byte> payload = stackalloc byte[OpenPayload.MaxLength];
        Check.Same(input, payload[..MovePayload.Write(payload, move)], "a move is what we would write");
        return true;
    }

    public static bool RunUdpOpen(ReadOnlySpan<byte> input)
    {
        if (!UdpOpenPayload.TryParse(input, out var source, out var destination, out var port, out var error))
        {
            Check.IsErrorText(error);
            return false;
        }

        Span<byte> payload = stackalloc byte[UdpOpenPayload.MaxLength];
        var written = UdpOpenPayload.Write(payload, source, destination, port);
        Check.That(
            UdpOpenPayload.TryParse(payload[..written], out var sourceAgain, out _, out var portAgain, out _), "what was written is read");
        Check.Equal(port, portAgain, "the port");
        Check.That(SameAddress(source, sourceAgain), "the source");
        return true;
    }

    // A header that has not come whole is neither right nor wrong yet; and what follows it makes no difference.
    private static bool Parsed(Parse parse, ReadOnlySpan<byte> input, out ProxyHeader header, out int consumed)
    {
        var status = parse(input, out header, out consumed);
        if (input.Length > 1)
        {
            var cut = 1 + (input[^1] * 7919 % (input.Length - 1));
            var early = parse(input[..cut], out _, out var used);
            var allowed = status switch
            {
                ProxyParseStatus.Complete =>
                    cut < consumed ? early == ProxyParseStatus.Incomplete : early == ProxyParseStatus.Complete && used == consumed,
                ProxyParseStatus.Incomplete => early == ProxyParseStatus.Incomplete,
                _ => early != ProxyParseStatus.Complete,
            };
            Check.That(allowed, "the beginning of a header is judged as the whole is");
        }

        Check.That(status == ProxyParseStatus.Complete || (consumed == 0 && header == default), "nothing is told of what is not complete");
        return status == ProxyParseStatus.Complete;
    }

    // Over QUIC the same lines come byte by byte, with the client's bytes behind them.
    private static void CheckSameInPieces(ReadOnlySpan<byte> input, bool taken, IPEndPoint? source, int? port)
    {
        var lines = new OpeningLines(moves: false);
        var used = 0;
        for (var step = 1 + (input.Length % 5); used < input.Length && !lines.IsComplete;)
        {
            var count = lines.Take(input.Slice(used, Math.Min(step, input.Length - used)));
            if (count < 0)
                break;
            used += count;
        }

        if (!lines.IsComplete || lines.Parse() is not { } opening)
            return;
        if (!taken)
            Check.That(used < input.Length, "two lines are right or wrong, however they come");
        else
            Check.That(SameAddress(opening.Source, source) && opening.ListeningPort == port, "lines mean the same however they come");
    }

    private static void CheckSameAddresses(in ProxyHeader before, in ProxyHeader after)
    {
        Check.That(SameAddress(before.Source, after.Source), "the source");
        Check.That(SameAddress(before.Destination, after.Destination), "the destination");
    }

    // An IPv4 address and the IPv6 one that maps it are the same client.
    private static bool SameAddress(IPEndPoint? a, IPEndPoint? b) =>
        a is null || b is null ? a is null && b is null : a.Port == b.Port && AddressNumber.Of(a.Address) == AddressNumber.Of(b.Address);

    private static byte[] V2(
        IPEndPoint? source, IPEndPoint? destination, ProxyTransport transport, bool crc32C = false, params ProxyTlv[] tlvs)
    {
        var buffer = new byte[512];
        return buffer[..ProxyV2.Write(buffer, new ProxyHeader(source, destination, transport, IsLocal: false), tlvs, crc32C)];
    }

    private static byte[] Open(IPEndPoint? source, IPEndPoint? destination, int? port)
    {
        var buffer = new byte[OpenPayload.MaxLength];
        return buffer[..OpenPayload.Write(buffer, source, destination, port)];
    }

    private static byte[] UdpOpen(IPEndPoint? source, IPEndPoint? destination, int? port)
    {
        var buffer = new byte[UdpOpenPayload.MaxLength];
        return buffer[..UdpOpenPayload.Write(buffer, source, destination, port)];
    }
}
