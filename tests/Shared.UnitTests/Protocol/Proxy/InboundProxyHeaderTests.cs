using System.Net;
using System.Text;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.UnitTests.Protocol.Proxy;

public sealed class InboundProxyHeaderTests
{
    private static readonly IPEndPoint Client = new(IPAddress.Parse("203.0.113.7"), 40000);
    private static readonly IPEndPoint Public = new(IPAddress.Parse("198.51.100.1"), 443);

    /// <summary>
    /// A header, however it is cut, is incomplete until its last byte, and then has exactly its length, whatever follows.
    /// </summary>
    [Fact]
    public void Every_prefix_is_incomplete_and_the_whole_is_exact()
    {
        var random = new Random(20261121);
        for (var round = 0; round < 200; round++)
        {
            var (client, server) = (RandomEndPoint(random), RandomEndPoint(random));
            var buffer = new byte[InboundProxyHeader.MaxLength];
            var length = random.Next(2) == 0
                ? ProxyV1.Write(buffer, client, server)
                : ProxyV2.Write(
                    buffer, new ProxyHeader(client, server, ProxyTransport.Stream, false), [new ProxyTlv(0x05, new byte[random.Next(200)])],
                    crc32C: random.Next(2) == 0);
            for (var cut = 1; cut < length; cut++)
                Assert.Equal(ProxyParseStatus.Incomplete, InboundProxyHeader.TryParse(buffer.AsSpan(0, cut), out _, out _));

            random.NextBytes(buffer.AsSpan(length));
            Assert.Equal(
                ProxyParseStatus.Complete,
                InboundProxyHeader.TryParse(buffer.AsSpan(0, random.Next(length, buffer.Length + 1)), out var header, out var consumed));
            Assert.Equal((length, client.Port, server.Port), (consumed, header.Source!.Port, header.Destination!.Port));
        }
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1 70000\r\n")]
    [InlineData("PUT")]
    [InlineData("\u0016\u0003\u0001")]
    public void What_is_no_header_is_refused_without_waiting_for_more(string data) =>
        Assert.Equal(ProxyParseStatus.Invalid, InboundProxyHeader.TryParse(Encoding.Latin1.GetBytes(data), out _, out _));

    [Fact]
    public void A_header_for_datagrams_or_longer_than_the_limit_is_refused()
    {
        var buffer = new byte[70_000];
        var length = ProxyV2.Write(buffer, Client, Public, ProxyTransport.Datagram);
        Assert.Equal(ProxyParseStatus.Invalid, InboundProxyHeader.TryParse(buffer.AsSpan(0, length), out var refused, out var taken));
        Assert.Equal((default, 0), (refused, taken));

        ProxyV2.Write(
            buffer, new ProxyHeader(Client, Public, ProxyTransport.Stream, false),
            [new ProxyTlv(0x05, new byte[InboundProxyHeader.MaxLength])]);
        Assert.Equal(ProxyParseStatus.Invalid, InboundProxyHeader.TryParse(buffer.AsSpan(0, ProxyV2.FixedLength), out _, out _));
    }

    [Fact]
    public void No_input_throws() => HostileInput.Feed(
        input =>
        {
            if (input.Length > 0)
            {
                Assert.InRange(
                    InboundProxyHeader.TryParse(input, out _, out var consumed) == ProxyParseStatus.Complete ? consumed : 0, 0,
                    input.Length);
            }
        },
        [Encoding.ASCII.GetBytes("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nmore")]);

    private static IPEndPoint RandomEndPoint(Random random)
    {
        var bytes = new byte[random.Next(2) == 0 ? 4 : 16];
        random.NextBytes(bytes);
        return new IPEndPoint(new IPAddress(bytes), random.Next(65536));
    }
}
