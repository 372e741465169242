using Tunnel.Hub.Edges;

namespace Hub.UnitTests.Edges;

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
    public void What_is_no_host_is_refused(string text) => Assert.False(HostSyntax.TryParseHostAndPort(text, out _, out _));
}
