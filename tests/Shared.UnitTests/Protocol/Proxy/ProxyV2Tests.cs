using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.UnitTests.Protocol.Proxy;

public class ProxyV2Tests
{
    private const string Signature = "0D0A0D0A000D0A515549540A";

    [Fact]
    public void The_constants_are_frozen()
    {
        Assert.Equal(Signature, Convert.ToHexString(ProxyV2.Signature));
        Assert.Equal((16, 28, 52, 65551), (ProxyV2.FixedLength, ProxyV2.IPv4Length, ProxyV2.IPv6Length, ProxyV2.MaxLength));
        Assert.Equal((0, 1, 2), ((int)ProxyTransport.Unspecified, (int)ProxyTransport.Stream, (int)ProxyTransport.Datagram));
        Assert.Equal<byte>(
            [0x01, 0x02, 0x03, 0x04, 0x05, 0x20, 0x30, 0xE0, 0xE1, 0xE2],
            [
                ProxyTlvType.Alpn, ProxyTlvType.Authority, ProxyTlvType.Crc32C, ProxyTlvType.NoOp, ProxyTlvType.UniqueId,
                ProxyTlvType.Ssl, ProxyTlvType.NetNs, ProxyTlvType.ListeningPort, ProxyTlvType.EdgeId, ProxyTlvType.Transport,
            ]);
    }

    [Theory]
    [InlineData("192.0.2.1:12345", "198.51.100.2:443", ProxyTransport.Stream, "2111000CC0000201C6336402303901BB")]
    [InlineData("192.0.2.1:12345", "198.51.100.2:53", ProxyTransport.Datagram, "2112000CC0000201C633640230390035")]
    [InlineData("[::ffff:192.0.2.1]:1", "198.51.100.2:2", ProxyTransport.Stream, "2111000CC0000201C633640200010002")]
    [InlineData(
        "[2001:db8::1]:12345", "[2001:db8::2]:443", ProxyTransport.Stream,
        "2121002420010DB800000000000000000000000120010DB8000000000000000000000002303901BB")]
    [InlineData(
        "[2001:db8::1%5]:1", "192.0.2.1:2", ProxyTransport.Datagram,
        "2122002420010DB800000000000000000000000100000000000000000000FFFFC000020100010002")]
    [InlineData(null, "192.0.2.1:2", ProxyTransport.Stream, "20000000")]
    [InlineData("192.0.2.1:2", null, ProxyTransport.Datagram, "20000000")]
    [InlineData("192.0.2.1:2", "192.0.2.1:2", ProxyTransport.Unspecified, "20000000")]
    public void A_header_is_frozen(string? source, string? destination, ProxyTransport transport, string hex) =>
        Assert.Equal(Signature + hex, Convert.ToHexString(Write(EndPoint(source), EndPoint(destination), transport)));

    [Fact]
    public void A_header_with_fields_and_checksum_is_frozen()
    {
        var header = new ProxyHeader(EndPoint("192.0.2.1:12345"), EndPoint("198.51.100.2:443"), ProxyTransport.Stream, IsLocal: false);
        var buffer = new byte[100];

        var length = ProxyV2.Write(buffer, header, [new(ProxyTlvType.Alpn, "h2"u8.ToArray())], crc32C: true);

        // The checksum was computed by the bitwise definition of CRC-32C, not by the code under test.
        Assert.Equal(
            Signature + "21110018C0000201C6336402303901BB" + "0100026832" + "030004" + BitwiseChecksum(buffer.AsSpan(0, length)),
            Convert.ToHexString(buffer, 0, length));
        Assert.Equal(ProxyParseStatus.Complete, ProxyV2.TryParse(buffer, out var parsed, out var consumed));
        Assert.Equal((header, length), (parsed, consumed));
    }

    [Theory]
    [InlineData("20000000", true)] // LOCAL
    [InlineData("2011000CC0000201C6336402303901BB", true)] // With LOCAL the family and the addresses are discarded.
    [InlineData("20F70003ABCDEF", true)]
    [InlineData("21000000", false)]
    [InlineData("21000005FFFFFFFFFF", false)] // With UNSPEC it does not matter what stands there.
    [InlineData("2110000CC0000201C6336402303901BB", false)] // This is IPv4 with a transport that we do not know.
    public void Without_known_addresses_a_header_says_nothing_of_the_client(string hex, bool isLocal)
    {
        var data = Convert.FromHexString(Signature + hex);

        Assert.Equal(ProxyParseStatus.Complete, ProxyV2.TryParse(data, out var header, out var consumed));

        Assert.Equal(new ProxyHeader(null, null, ProxyTransport.Unspecified, isLocal), header);
        Assert.Equal(data.Length, consumed);
    }

    [Fact]
    public void Unix_sockets_are_skipped_as_unknown()
    {
        var data = Convert.FromHexString(Signature + "213100D8" + new string('0', 432));

        Assert.Equal(ProxyParseStatus.Complete, ProxyV2.TryParse(data, out var header, out var consumed));

        Assert.Equal(new ProxyHeader(null, null, ProxyTransport.Stream, IsLocal: false), header);
        Assert.Equal(232, consumed);
    }

    [Theory]
    [InlineData("1111000CC0000201C6336402303901BB")] // This says version 1.
    [InlineData("3111000CC0000201C6336402303901BB")] // This says version 3.
    [InlineData("2211000CC0000201C6336402303901BB")] // There is no such command.
    [InlineData("2141000CC0000201C6336402303901BB")] // There is no such family.
    [InlineData("2113000CC0000201C6336402303901BB")] // There is no such transport.
    [InlineData("2111000BC0000201C63364023039")] // It is too short for its family.
    [InlineData("2121000CC0000201C6336402303901BB")]
    [InlineData("21310000")]
    [InlineData("2111000EC0000201C6336402303901BB0100")] // A field is cut short.
    [InlineData("2111000FC0000201C6336402303901BB010001")]
    [InlineData("21110013C0000201C6336402303901BB03000400000000")] // The checksum is wrong.
    [InlineData("21110011C0000201C6336402303901BB0300020000")] // There is no room for a checksum.
    public void A_wrong_header_is_invalid(string hex)
    {
        var data = Convert.FromHexString(Signature + hex + new string('0', 200));
        Assert.Equal(ProxyParseStatus.Invalid, ProxyV2.TryParse(data, out var header, out var consumed));
        Assert.Equal(default, header);
        Assert.Equal(0, consumed);
    }

    [Fact]
    public void Two_checksums_are_invalid()
    {
        var buffer = new byte[100];
        var writer = new ProxyV2Writer(buffer, EndPoint("192.0.2.1:1"), EndPoint("192.0.2.1:2"), ProxyTransport.Stream);
        writer.Add(ProxyTlvType.Crc32C, [0, 0, 0, 0]);
        writer.Finish(crc32C: true);
        Assert.Equal(ProxyParseStatus.Invalid, ProxyV2.TryParse(buffer, out _, out _));
    }

    [Fact]
    public void Every_flipped_bit_is_noticed_by_the_checksum()
    {
        var data = new byte[200];
        var header = new ProxyHeader(EndPoint("192.0.2.1:12345"), EndPoint("198.51.100.2:443"), ProxyTransport.Stream, IsLocal: false);
        var length = ProxyV2.Write(data, header, [new(ProxyTlvType.Authority, "example.com"u8.ToArray())], crc32C: true);

        // Bits that make it another kind of header (LOCAL), or hide the checksum's own field, are left out.
        for (var bit = ProxyV2.FixedLength * 8; bit < (length - 7) * 8; bit++)
        {
            var flipped = data.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(ProxyParseStatus.Complete, ProxyV2.TryParse(flipped, out _, out _));
        }
    }

    [Fact]
    public void The_length_is_limited_before_the_rest_has_come()
    {
        var data = Convert.FromHexString(Signature + "21110209");
        Assert.Equal(ProxyParseStatus.Invalid, ProxyV2.TryParse(data, 536, out _, out _, out _));
        Assert.Equal(ProxyParseStatus.Incomplete, ProxyV2.TryParse(data, 537, out _, out _, out _));
    }

    [Fact]
    public void Fields_are_read_in_their_order_with_padding()
    {
        var buffer = new byte[ProxyV2.MaxLength];
        var header = new ProxyHeader(EndPoint("192.0.2.1:1"), EndPoint("192.0.2.1:2"), ProxyTransport.Stream, IsLocal: false);
        ProxyTlv[] tlvs =
        [
            new(ProxyTlvType.UniqueId, "abc"u8.ToArray()), new(ProxyTlvType.NoOp, new byte[5]), new(ProxyTlvType.EdgeId, default),
            new(0xEE, new byte[60_000]),
        ];
        var length = ProxyV2.Write(buffer, header, tlvs);

        Assert.Equal(ProxyParseStatus.Complete, ProxyV2.TryParse(buffer.AsSpan(0, length), ProxyV2.MaxLength, out _, out var read, out _));

        var types = new List<(byte, int)>();
        foreach (var tlv in read)
            types.Add((tlv.Type, tlv.Value.Length));
        Assert.Equal([(0x05, 3), (0x04, 5), (0xE1, 0), (0xEE, 60_000)], types);
        Assert.True(read.TryFind(ProxyTlvType.UniqueId, out var id));
        Assert.Equal("abc"u8, id);
        Assert.True(read.TryFind(ProxyTlvType.EdgeId, out var empty) && empty.IsEmpty);
        Assert.False(read.TryFind(ProxyTlvType.Alpn, out _));
    }

    [Fact]
    public void What_is_written_is_read_again_and_each_beginning_of_it_is_incomplete() =>
        Prop.ForAll(Generators.EndPoint.ToArbitrary(), Generators.EndPoint.ToArbitrary(), (source, destination) =>
        {
            var transport = source.Port % 2 == 0 ? ProxyTransport.Stream : ProxyTransport.Datagram;
            var data = Write(source, destination, transport);
            for (var length = 0; length < data.Length; length++)
                Assert.Equal(ProxyParseStatus.Incomplete, ProxyV2.TryParse(data.AsSpan(0, length), out _, out _));
            return ProxyV2.TryParse(data, out var header, out var consumed) == ProxyParseStatus.Complete
                && consumed == data.Length
                && header.Transport == transport
                && EndPoints.Same(header.Source!, source)
                && EndPoints.Same(header.Destination!, destination);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Writing_allocates_nothing()
    {
        var buffer = new byte[100];
        IPEndPoint[] endPoints = [EndPoint("192.0.2.1:1")!, EndPoint("[::ffff:192.0.2.1]:1")!, EndPoint("[2001:db8::1%3]:1")!];
        Allocation.AssertNone(() =>
        {
            foreach (var source in endPoints)
            {
                foreach (var destination in endPoints)
                {
                    var writer = new ProxyV2Writer(buffer, source, destination, ProxyTransport.Stream);
                    writer.Add(ProxyTlvType.EdgeId, "edge"u8);
                    writer.Finish(crc32C: true);
                }
            }
        });
    }

    [Fact]
    public void No_input_throws()
    {
        var withFields = new byte[200];
        var writer = new ProxyV2Writer(withFields, EndPoint("[2001:db8::1]:1"), EndPoint("192.0.2.1:2"), ProxyTransport.Datagram);
        writer.Add(ProxyTlvType.UniqueId, "0123456789"u8);
        var length = writer.Finish(crc32C: true);

        HostileInput.FeedBounded(
            input =>
            {
                var complete = ProxyV2.TryParse(input, 536, out _, out var tlvs, out var consumed) == ProxyParseStatus.Complete;
                Assert.InRange(consumed, complete ? ProxyV2.FixedLength : 0, complete ? input.Length : 0);
                var fields = 0;
                foreach (var tlv in tlvs)
                    fields += 3 + tlv.Value.Length;
                Assert.InRange(fields, 0, consumed);
            },
            [
                withFields[..length], Write(EndPoint("192.0.2.1:1"), EndPoint("192.0.2.1:2"), ProxyTransport.Stream),
                Convert.FromHexString(Signature + "20000000")],
            maxAllocated: 1024);
    }

    private static string BitwiseChecksum(ReadOnlySpan<byte> header)
    {
        const uint reversedCastagnoli = 0x82F63B78;
        var crc = uint.MaxValue;
        for (var i = 0; i < header.Length; i++)
        {
            crc ^= i < header.Length - 4 ? header[i] : 0u;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ reversedCastagnoli : crc >> 1;
        }

        return (~crc).ToString("X8");
    }

    private static byte[] Write(IPEndPoint? source, IPEndPoint? destination, ProxyTransport transport)
    {
        var buffer = new byte[100];
        return buffer[..ProxyV2.Write(buffer, source, destination, transport)];
    }

    private static IPEndPoint? EndPoint(string? text) => text is null ? null : IPEndPoint.Parse(text);
}
