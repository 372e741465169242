using System.Net;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.UnitTests.Protocol.Proxy;

public class OpenPayloadTests
{
    private static readonly IPEndPoint Client = IPEndPoint.Parse("192.0.2.1:12345");
    private static readonly IPEndPoint Edge = IPEndPoint.Parse("198.51.100.2:443");

    [Theory]
    [InlineData(null, "PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n")]
    [InlineData(443, "PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\nPORT 443\r\n")]
    [InlineData(65535, "PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\nPORT 65535\r\n")]
    public void A_payload_is_frozen_and_read_again(int? port, string expected)
    {
        var payload = Write(Client, Edge, port);

        Assert.Equal(expected, Encoding.ASCII.GetString(payload));
        Assert.True(OpenPayload.TryParse(payload, out var source, out var destination, out var listeningPort, out var error), error);
        Assert.Equal((Client, Edge, port), (source, destination, listeningPort));
        Assert.Equal(119, OpenPayload.MaxLength);
    }

    [Fact]
    public void An_unknown_client_is_no_error()
    {
        Assert.True(OpenPayload.TryParse("PROXY UNKNOWN\r\nPORT 80\r\n"u8, out var source, out var destination, out var port, out _));
        Assert.Equal((null, null, 80), (source, destination, port));
    }

    [Fact]
    public void A_mapped_address_stays_in_the_family_that_the_header_says()
    {
        Assert.True(OpenPayload.TryParse("PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 1 2\r\n"u8, out var source, out _, out _, out _));
        Assert.Equal(IPAddress.Parse("::ffff:192.0.2.1"), source!.Address);
    }

    [Theory]
    [InlineData("")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 1 2")]
    [InlineData("PROXY UNKNOWN\r\nPORT 0\r\n")]
    [InlineData("PROXY UNKNOWN\r\nPORT 65536\r\n")]
    [InlineData("PROXY UNKNOWN\r\nPORT 080\r\n")]
    [InlineData("PROXY UNKNOWN\r\nPORT \r\n")]
    [InlineData("PROXY UNKNOWN\r\nPORT 80")]
    [InlineData("PROXY UNKNOWN\r\nPORT 80\n")]
    [InlineData("PROXY UNKNOWN\r\nPORT 80\r\n\r\n")]
    [InlineData("PROXY UNKNOWN\r\nPORT 80\r\nPORT 81\r\n")]
    [InlineData("PROXY UNKNOWN\r\nport 80\r\n")]
    [InlineData("PROXY UNKNOWN\r\nGET / HTTP/1.1\r\n")]
    [InlineData("PORT 80\r\n")]
    public void Anything_else_is_an_error(string payload)
    {
        Assert.False(
            OpenPayload.TryParse(Encoding.ASCII.GetBytes(payload), out var source, out var destination, out var port, out var error));
        Assert.Equal((null, null, null), (source, destination, port));
        Assert.NotEmpty(error);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65536)]
    [InlineData(-1)]
    public void A_port_that_is_none_is_the_callers_mistake(int port) =>
        Assert.Throws<ArgumentOutOfRangeException>("listeningPort", () => Write(Client, Edge, port));

    [Fact]
    public void What_is_written_is_read_again() =>
        Prop.ForAll(
            Generators.EndPoint.ToArbitrary(), Generators.EndPoint.ToArbitrary(), Generators.Port.ToArbitrary(),
            (source, destination, port) =>
            OpenPayload.TryParse(Write(source, destination, port), out var readSource, out var readDestination, out var readPort, out _)
            && EndPoints.Same(readSource!, source)
            && EndPoints.Same(readDestination!, destination)
            && readPort == port).QuickCheckThrowOnFailure();

    [Fact]
    public void Writing_allocates_nothing()
    {
        var buffer = new byte[OpenPayload.MaxLength];
        Allocation.AssertNone(() => OpenPayload.Write(buffer, Client, Edge, 443));
    }

    [Fact]
    public void No_input_throws() =>
        HostileInput.FeedBounded(
            input => Assert.Equal(OpenPayload.TryParse(input, out _, out _, out _, out var error), error is null),
            [Write(Client, Edge, 443), "PROXY UNKNOWN\r\nPORT 80\r\n"u8.ToArray()],
            maxAllocated: 1024);

    private static byte[] Write(IPEndPoint? source, IPEndPoint? destination, int? port)
    {
        var buffer = new byte[OpenPayload.MaxLength];
        return buffer[..OpenPayload.Write(buffer, source, destination, port)];
    }
}
