using System.Net;
using Tunnel.Hub.Admin.Access;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Files;

namespace Tunnel.Hub.UnitTests.Admin;

public sealed class NetworkAdminTests
{
    [Theory]
    [InlineData("https://0.0.0.0:9443", true)]
    [InlineData("https://[::]:9443/", true)]
    [InlineData("http://127.0.0.1:9080", true)]
    [InlineData("http://[::1]:9080", true)]
    [InlineData("http://0.0.0.0:9080", false)]
    [InlineData("http://192.0.2.1:9080", false)]
    [InlineData("https://hub.example.com:9443", false)]
    [InlineData("https://010.0.0.1:9443", false)]
    [InlineData("http://127.1:9080", false)]
    [InlineData("http://2130706433:9080", false)]
    [InlineData("HTTPS://192.0.2.1", true)]
    [InlineData("https://192.0.2.1:0", false)]
    [InlineData("https://me@127.0.0.1:9443", false)]
    [InlineData("https://127.0.0.1:9443/api", false)]
    [InlineData("ftp://127.0.0.1", false)]
    [InlineData("127.0.0.1:9443", false)]
    public void Without_TLS_the_API_listens_on_loopback_only(string setting, bool valid) =>
        Assert.Equal(valid, AdminListen.TryParse(setting, out _));

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7", true)]
    [InlineData("192.0.2.7", "192.0.2.8", false)]
    [InlineData("10.0.0.0/8", "10.9.8.7", true)]
    [InlineData("10.0.0.0/8", "::ffff:10.9.8.7", true)]
    [InlineData("2001:db8::/32", "2001:db8:1::1", true)]
    [InlineData("2001:db8::/32", "10.0.0.1", false)]
    public void Addresses_are_allowed_by_network(string network, string address, bool allowed)
    {
        Assert.True(AllowedAddresses.TryParse(network, out var parsed, out _));
        Assert.Equal(allowed, AllowedAddresses.Contain([parsed], IPAddress.Parse(address)));
        Assert.True(AllowedAddresses.Contain([], IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.1/8")]
    [InlineData("010.0.0.0/8")]
    [InlineData("127.1")]
    [InlineData("everybody")]
    public void What_is_no_network_is_refused(string text) => Assert.False(AllowedAddresses.TryParse(text, out _, out _));

    [Fact]
    public void A_key_is_made_once_kept_for_its_owner_and_replaced_on_demand()
    {
        using var directory = new TemporaryDirectory();
        var state = directory.File("state");
        var made = AdminKey.Load(state, "admin-key", new StateFiles());
        var read = AdminKey.Load(state, "admin-key", new StateFiles());
        Assert.Equal(43, made.Value.Length);
        Assert.Equal(made.Value, read.Value);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(state, "admin-key")));

        Assert.True(read.Matches(made.Value, out var revoked));
        var next = read.Rotate();
        Assert.True(revoked.IsCancellationRequested);
        Assert.False(read.Matches(made.Value, out _));
        Assert.True(read.Matches(next, out _));
        Assert.Equal(next, AdminKey.Load(state, "admin-key", new StateFiles()).Value);
    }
}
