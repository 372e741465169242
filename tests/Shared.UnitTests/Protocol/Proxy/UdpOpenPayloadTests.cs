using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.UnitTests.Protocol.Proxy;

public class UdpOpenPayloadTests
{
    private const string Signature = "0D0A0D0A000D0A515549540A";
    private const string Addresses = "C0000201C633640230390035";

    private static readonly IPEndPoint Client = IPEndPoint.Parse("192.0.2.1:12345");
    private static readonly IPEndPoint Edge = IPEndPoint.Parse("198.51.100.2:53");

    [Theory]
    [InlineData(null, "2112000C" + Addresses)]
    [InlineData(53, "21120011" + Addresses + "E000020035")]
    public void A_payload_is_frozen_and_read_again(int? port, string expected)
    {
        var payload = Write(Client, Edge, port);

        Assert.Equal(Signature + expected, Convert.ToHexString(payload));
        Assert.True(UdpOpenPayload.TryParse(payload, out var source, out var destination, out var listeningPort, out var error), error);
        Assert.Equal((Client, Edge, port), (source, destination, listeningPort));
        Assert.Equal(536, UdpOpenPayload.MaxLength);
    }

    [Fact]
    public void Without_an_address_the_listening_port_still_comes_through()
    {
        Assert.True(UdpOpenPayload.TryParse(Write(null, Edge, 53), out var source, out var destination, out var port, out _));
        Assert.Equal((null, null, 53), (source, destination, port));
    }

    [Theory]
    [InlineData("2111000C" + Addresses, "STREAM")]
    [InlineData("2112000C" + Addresses + "00", "1 bytes follow")]
    [InlineData("21120011" + Addresses + "E000020000", "1 to 65535")]
    [InlineData("21120010" + Addresses + "E0000135", "1 to 65535")]
    [InlineData("21120016" + Addresses + "E000020035E000020035", "twice")]
    [InlineData("21120209" + Addresses, "not a valid")]
    [InlineData("2112000C", "not a valid")]
    public void Anything_else_is_an_error_that_says_what(string hex, string expected)
    {
        Assert.False(
            UdpOpenPayload.TryParse(Convert.FromHexString(Signature + hex), out var source, out var destination, out _, out var error));
        Assert.Equal((null, null), (source, destination));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(536, true)]
    [InlineData(537, false)]
    public void A_payload_has_536_bytes_at_most(int length, bool valid)
    {
        var payload = new byte[length];
        var header = new ProxyHeader(Client, Edge, ProxyTransport.Datagram, IsLocal: false);
        ProxyV2.Write(payload, header, [new(ProxyTlvType.NoOp, new byte[length - ProxyV2.IPv4Length - 3])]);

        Assert.Equal(valid, UdpOpenPayload.TryParse(payload, out _, out _, out _, out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65536)]
    public void A_port_that_is_none_is_the_callers_mistake(int port) =>
        Assert.Throws<ArgumentOutOfRangeException>("listeningPort", () => Write(Client, Edge, port));

    [Fact]
    public void What_is_written_is_read_again() =>
        Prop.ForAll(
            Generators.EndPoint.ToArbitrary(), Generators.EndPoint.ToArbitrary(), Generators.Port.ToArbitrary(),
            (source, destination, port) =>
            UdpOpenPayload.TryParse(Write(source, destination, port), out var readSource, out var readDestination, out var readPort, out _)
            && EndPoints.Same(readSource!, source)
            && EndPoints.Same(readDestination!, destination)
            && readPort == port).QuickCheckThrowOnFailure();

    [Fact]
    public void Writing_allocates_nothing()
    {
        var buffer = new byte[57];
        Allocation.AssertNone(() => UdpOpenPayload.Write(buffer, Client, Edge, 53));
    }

    [Fact]
    public void No_input_throws() =>
        HostileInput.FeedBounded(
            input => Assert.Equal(UdpOpenPayload.TryParse(input, out _, out _, out _, out var error), error is null),
            [Write(Client, Edge, 53), Write(null, null, 53)],
            maxAllocated: 1024);

    private static byte[] Write(IPEndPoint? source, IPEndPoint? destination, int? port)
    {
        var buffer = new byte[57];
        return buffer[..UdpOpenPayload.Write(buffer, source, destination, port)];
    }
}
