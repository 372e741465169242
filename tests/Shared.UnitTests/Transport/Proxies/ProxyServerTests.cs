using Tunnel.Shared.Transport.Proxies;

namespace Tunnel.Shared.UnitTests.Transport.Proxies;

public sealed class ProxyServerTests
{
    [Theory]
    [InlineData("http://proxy.example:3128", "http://proxy.example:3128", null, null)]
    [InlineData("http://proxy.example/", "http://proxy.example:80", null, null)]
    [InlineData("proxy.example:3128", "http://proxy.example:3128", null, null)]
    [InlineData("socks5://192.0.2.1", "socks5://192.0.2.1:1080", null, null)]
    [InlineData("SOCKS5H://[2001:db8::1]:9050", "socks5://[2001:db8::1]:9050", null, null)]
    [InlineData("http://me:pass@proxy.example:3128", "http://proxy.example:3128", "me", "pass")]
    [InlineData("http://me:p%40ss%3A%20word@proxy.example:3128", "http://proxy.example:3128", "me", "p@ss: word")]
    [InlineData("socks5://me@proxy.example", "socks5://proxy.example:1080", "me", "")]
    [InlineData("http://me:p@ss@proxy.example", "http://proxy.example:80", "me", "p@ss")]
    public void A_url_says_how_the_proxy_is_reached_and_its_text_has_no_password(string url, string shown, string? user, string? password)
    {
        Assert.True(ProxyServer.TryParse(url, out var proxy));
        Assert.Equal(shown, proxy.ToString());
        Assert.Equal((user, password), (proxy.User, proxy.Password));
    }

    [Theory]
    [InlineData("")]
    [InlineData("http://")]
    [InlineData("https://proxy.example:3128")]
    [InlineData("ftp://proxy.example")]
    [InlineData("http://proxy.example:0")]
    [InlineData("http://proxy.example:3128/path")]
    [InlineData("http://proxy example")]
    [InlineData("http://:pass@proxy.example")]
    [InlineData("http://a%3Ab:pass@proxy.example")]
    [InlineData("http://me:pa%0d%0ass@proxy.example")]
    public void What_is_no_proxy_is_refused(string url) => Assert.False(ProxyServer.TryParse(url, out _));

    [Fact]
    public void A_password_longer_than_socks_can_say_is_refused() =>
        Assert.False(ProxyServer.TryParse($"socks5://me:{new string('x', 256)}@proxy.example", out _));

    [Theory]
    [InlineData("hub.example.com", "example.com", true)]
    [InlineData("hub.example.com", ".example.com", true)]
    [InlineData("hub.example.com", "*.example.com", true)]
    [InlineData("HUB.example.com.", "Example.Com", true)]
    [InlineData("example.com", "example.com", true)]
    [InlineData("hub.notexample.com", "example.com", false)]
    [InlineData("10.1.2.3", "10.0.0.0/8", true)]
    [InlineData("11.1.2.3", "10.0.0.0/8,192.0.2.1", false)]
    [InlineData("192.0.2.1", "10.0.0.0/8 192.0.2.1", true)]
    [InlineData("2001:db8::7", "[2001:db8::]/32,2001:db8::/32", true)]
    [InlineData("hub.example.com", "a, *,b", true)]
    [InlineData("hub.example.com", "", false)]
    [InlineData("hub.example.com", "!!,::::,/", false)]
    public void NO_PROXY_has_names_networks_or_everything(string host, string list, bool isIn) =>
        Assert.Equal(isIn, NoProxyList.Parse(list).Contains(host));

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.5")]
    [InlineData("::1")]
    public void This_machine_is_not_reached_through_a_proxy_of_the_environment(string host)
    {
        Assert.True(ProxyServer.TryParse("http://proxy.example", out var proxy));
        Assert.Null(ProxyRules.Except(proxy, NoProxyList.Empty, "HTTPS_PROXY").HopTo(host, 443));
        Assert.NotNull(ProxyRules.Except(proxy, NoProxyList.Empty, "HTTPS_PROXY").HopTo("192.0.2.1", 443));
        Assert.Equal(new ProxyHop(proxy, host, 443), ProxyRules.Always(proxy).HopTo(host, 443));
        Assert.Null(ProxyRules.None.HopTo("192.0.2.1", 443));
    }
}
