using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.UnitTests.Protocol.Addresses;

public sealed class HostSyntaxTests
{
    [Theory]
    [InlineData("hub.example.com", "hub.example.com", null)]
    [InlineData("hub.example.com:8443", "hub.example.com", 8443)]
    [InlineData("192.0.2.1:1", "192.0.2.1", 1)]
    [InlineData("::1", "::1", null)]
    [InlineData("[2001:db8::1]", "2001:db8::1", null)]
    [InlineData("[2001:db8::1]:65535", "2001:db8::1", 65535)]
    public void Hosts_with_and_without_a_port_are_read(string text, string host, int? port)
    {
        Assert.True(HostSyntax.TryParseHostAndPort(text, out var readHost, out var readPort));
        Assert.Equal((host, port), (readHost, readPort));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":8443")]
    [InlineData("host:")]
    [InlineData("host:0")]
    [InlineData("host:65536")]
    [InlineData("host:80:90")]
    [InlineData("[::1")]
    [InlineData("[::1]8443")]
    [InlineData("[192.0.2.1]:80")]
    [InlineData("a b")]
    [InlineData("http://host")]
    [InlineData("192.0.2.256")]
    [InlineData("[example]")]
    [InlineData("fe80::1%")]
    [InlineData("fe80::1%a/b")]
    [InlineData("127.0.0.1%lo")]
    [InlineData("1:2:3")]
    public void What_is_no_host_is_refused(string text) => Assert.False(HostSyntax.TryParseHostAndPort(text, out _, out _));

    [Theory]
    [InlineData("010.0.0.1")]
    [InlineData("127.1")]
    [InlineData("127.0.1")]
    [InlineData("1")]
    [InlineData("2130706433")]
    [InlineData("0x7f.1")]
    [InlineData("0x7f000001")]
    [InlineData("0X7F.0.0.0x1")]
    [InlineData("127.0.0.0x")]
    [InlineData("10.0.0.1.")]
    [InlineData("10.0.0.08")]
    [InlineData("256.0.0.1")]
    [InlineData("1.2.3.4.5")]
    [InlineData("host.1")]
    public void What_looks_like_a_number_is_refused_and_told_how_to_write_it(string host)
    {
        Assert.False(HostSyntax.IsHost(host));
        Assert.False(HostSyntax.TryParseAddress(host, out _));
        Assert.False(IpRange.TryParse(host, out _, out var error));
        foreach (var fault in new[]
        {
            error, HostSyntax.FaultOf(host, "x"), HostSyntax.FaultOf(host + ":80", "x"), HostSyntax.FaultOf(host + "/8", "x"),
        })
        {
            Assert.Contains("four decimal numbers from 0 to 255 without leading zeros, such as 10.0.0.1", fault, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData('9')]
    [InlineData(':')]
    [InlineData('a')]
    public void Endless_text_is_no_host_and_has_a_fault(char character)
    {
        string text = new(character, 5000);
        Assert.False(HostSyntax.IsHost(text));
        Assert.False(IpRange.TryParse(text, out _, out var error));
        Assert.NotNull(error);
        Assert.NotEmpty(HostSyntax.FaultOfHost(text, "x"));
    }

    [Theory]
    [InlineData("m\u00fcnchen.example")]
    // Some resolvers make 127.0.0.1 of digits of full width, and of a full stop of another script.
    [InlineData("\uff11\uff12\uff17.0.0.\uff11")]
    [InlineData("127\u30020\u30020\u30021")]
    public void Names_are_ASCII(string host)
    {
        Assert.False(HostSyntax.IsHost(host));
        Assert.Contains("xn--", HostSyntax.FaultOfHost(host, "x"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("1a")]
    [InlineData("3com.example")]
    [InlineData("10.0.0.1a")]
    [InlineData("0xyz.example.")]
    [InlineData("my_service.cluster.local")]
    [InlineData("0.0.0.0")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::ffff:192.0.2.1")]
    [InlineData("fe80::1%eth0.5")]
    public void Names_and_addresses_are_hosts(string host) => Assert.True(HostSyntax.IsHost(host));

    [Fact]
    public void An_address_keeps_its_zone_and_its_family()
    {
        Assert.True(HostSyntax.TryParseAddress("fe80::1%1", out var address));
        Assert.Equal(1, address.ScopeId);
        Assert.True(HostSyntax.TryParseAddress("::ffff:192.0.2.1", out address));
        Assert.True(address.IsIPv4MappedToIPv6);
        Assert.False(HostSyntax.TryParseAddress("[::1]", out _));
        Assert.False(HostSyntax.TryParseAddress("localhost", out _));
        Assert.False(HostSyntax.TryParseAddress(null, out _));
    }
}
