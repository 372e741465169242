using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.UnitTests.Protocol.Proxy;

public class ProxyV1Tests
{
    private const string LongestTcp6 =
        "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";

    private const string LongestUnknown =
        "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";

    [Theory]
    // The examples are those of proxy-protocol.txt, section 2.1.
    [InlineData("192.168.0.1:56324", "192.168.0.11:443", "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n")]
    [InlineData("[::ffff:192.0.2.1]:1", "198.51.100.2:65535", "PROXY TCP4 192.0.2.1 198.51.100.2 1 65535\r\n")]
    [InlineData("[::ffff:192.0.2.1]:1", "[::ffff:198.51.100.2]:2", "PROXY TCP4 192.0.2.1 198.51.100.2 1 2\r\n")]
    [InlineData("192.0.2.1:1", "[2001:db8::1]:2", "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 1 2\r\n")]
    [InlineData("[2001:db8::1]:1", "192.0.2.1:2", "PROXY TCP6 2001:db8::1 ::ffff:192.0.2.1 1 2\r\n")]
    [InlineData("[2001:db8::1]:1", "[::ffff:192.0.2.1]:2", "PROXY TCP6 2001:db8::1 ::ffff:192.0.2.1 1 2\r\n")]
    [InlineData("[fe80::1%7]:1", "[fe80::2%7]:2", "PROXY TCP6 fe80::1 fe80::2 1 2\r\n")]
    [InlineData("255.255.255.255:65535", "255.255.255.255:65535", "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n")]
    [InlineData("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", LongestTcp6)]
    [InlineData("0.0.0.0:0", "0.0.0.0:0", "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n")]
    [InlineData(null, "192.0.2.1:2", "PROXY UNKNOWN\r\n")]
    [InlineData("192.0.2.1:2", null, "PROXY UNKNOWN\r\n")]
    [InlineData(null, null, "PROXY UNKNOWN\r\n")]
    public void A_header_is_frozen(string? source, string? destination, string header) =>
        Assert.Equal(header, Write(EndPoint(source), EndPoint(destination)));

    [Theory]
    [InlineData("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", "192.168.0.1:56324", "192.168.0.11:443")]
    [InlineData("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535", "255.255.255.255:65535")]
    [InlineData("PROXY TCP6 2001:DB8::1 ::ffff:192.0.2.1 0 1\r\n", "[2001:db8::1]:0", "[::ffff:192.0.2.1]:1")]
    [InlineData("PROXY UNKNOWN\r\n", null, null)]
    [InlineData("PROXY UNKNOWN anything, even  spaces\r\n", null, null)]
    [InlineData(LongestUnknown, null, null)]
    public void A_valid_header_is_read_and_what_follows_is_left(string header, string? source, string? destination)
    {
        var data = Encoding.ASCII.GetBytes(header + "GET / HTTP/1.1\r\n");

        Assert.Equal(ProxyParseStatus.Complete, ProxyV1.TryParse(data, out var parsed, out var consumed));

        Assert.Equal(header.Length, consumed);
        var transport = source is null ? ProxyTransport.Unspecified : ProxyTransport.Stream;
        Assert.Equal(new ProxyHeader(EndPoint(source), EndPoint(destination), transport, IsLocal: false), parsed);
    }

    [Fact]
    public void The_longest_headers_have_the_specified_lengths()
    {
        Assert.Equal(107, ProxyV1.MaxLength);
        Assert.Equal(104, LongestTcp6.Length);
        Assert.Equal(107, LongestUnknown.Length);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("PROX ")]
    [InlineData("proxy ")]
    [InlineData("\n")]
    [InlineData("PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n")]
    [InlineData("PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1  2\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n")]
    [InlineData("PROXY TCP4\r\n")]
    [InlineData("PROXY \r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 00 2\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 01.2.3.4 1 2\r\n")]
    [InlineData("PROXY TCP4 ::1 ::1 1 2\r\n")]
    [InlineData("PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n")]
    [InlineData("PROXY TCP6 ::1 1.2.3.4 1 2\r\n")]
    [InlineData("PROXY TCP6 fe80::1%1 ::1 1 2\r\n")]
    [InlineData("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n")]
    [InlineData("PROXY UNKNOWNS\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\r\n")]
    public void A_wrong_header_is_invalid(string header)
    {
        Assert.Equal(ProxyParseStatus.Invalid, ProxyV1.TryParse(Encoding.ASCII.GetBytes(header), out var parsed, out var consumed));
        Assert.Equal(default, parsed);
        Assert.Equal(0, consumed);
    }

    [Fact]
    public void A_header_that_has_no_end_within_107_bytes_is_invalid()
    {
        var data = Encoding.ASCII.GetBytes("PROXY UNKNOWN " + new string('x', 200) + "\r\n");

        Assert.Equal(ProxyParseStatus.Incomplete, ProxyV1.TryParse(data.AsSpan(0, 106), out _, out _));
        Assert.Equal(ProxyParseStatus.Invalid, ProxyV1.TryParse(data.AsSpan(0, 107), out _, out _));
        Assert.Equal(ProxyParseStatus.Invalid, ProxyV1.TryParse(data, out _, out _));
    }

    [Fact]
    public void What_is_written_is_read_again_and_each_beginning_of_it_is_incomplete() =>
        Prop.ForAll(Generators.EndPoint.ToArbitrary(), Generators.EndPoint.ToArbitrary(), (source, destination) =>
        {
            var data = Encoding.ASCII.GetBytes(Write(source, destination));
            for (var length = 0; length < data.Length; length++)
                Assert.Equal(ProxyParseStatus.Incomplete, ProxyV1.TryParse(data.AsSpan(0, length), out _, out _));
            return ProxyV1.TryParse(data, out var header, out var consumed) == ProxyParseStatus.Complete
                && consumed == data.Length
                && EndPoints.Same(header.Source!, source)
                && EndPoints.Same(header.Destination!, destination)
                && header.Source!.AddressFamily == header.Destination!.AddressFamily;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Writing_allocates_nothing()
    {
        var buffer = new byte[ProxyV1.MaxLength];
        IPEndPoint[] endPoints = [EndPoint("192.0.2.1:1")!, EndPoint("[::ffff:192.0.2.1]:1")!, EndPoint("[2001:db8::1%3]:1")!];
        Allocation.AssertNone(() =>
        {
            foreach (var source in endPoints)
            {
                foreach (var destination in endPoints)
                    ProxyV1.Write(buffer, source, destination);
            }
        });
    }

    [Fact]
    public void A_buffer_that_is_too_short_is_the_callers_mistake_and_nothing_is_overwritten()
    {
        var header = Write(EndPoint("[2001:db8::1]:1234"), EndPoint("192.0.2.1:443"));
        for (var length = 0; length < header.Length; length++)
        {
            var buffer = new byte[ProxyV1.MaxLength];
            Assert.ThrowsAny<SystemException>(
                () => ProxyV1.Write(buffer.AsSpan(0, length), EndPoint("[2001:db8::1]:1234"), EndPoint("192.0.2.1:443")));
            Assert.False(buffer.AsSpan(length).ContainsAnyExcept((byte)0));
        }
    }

    [Fact]
    public void No_input_throws() =>
        HostileInput.FeedBounded(
            input =>
            {
                var complete = ProxyV1.TryParse(input, out _, out var consumed) == ProxyParseStatus.Complete;
                Assert.InRange(consumed, complete ? 15 : 0, complete ? Math.Min(input.Length, 107) : 0);
            },
            [
                Encoding.ASCII.GetBytes("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"), Encoding.ASCII.GetBytes(LongestTcp6),
                Encoding.ASCII.GetBytes(LongestUnknown)],
            maxAllocated: 1024);

    private static string Write(IPEndPoint? source, IPEndPoint? destination)
    {
        Span<byte> buffer = stackalloc byte[ProxyV1.MaxLength];
        return Encoding.ASCII.GetString(buffer[..ProxyV1.Write(buffer, source, destination)]);
    }

    private static IPEndPoint? EndPoint(string? text) => text is null ? null : IPEndPoint.Parse(text);
}
