using System.Net;

namespace Tunnel.Hub.UnitTests.Admin;

public sealed class HubAddressTests
{
    [Theory]
    [InlineData("new.example.com", "new.example.com:8443")]
    [InlineData("192.0.2.1:9443", "192.0.2.1:9443")]
    [InlineData("[2001:db8::1]", "[2001:db8::1]:8443")]
    public async Task It_is_announced_with_its_port_until_it_is_taken_away(string asked, string address)
    {
        await using var hub = await AdminFixture.StartAsync();
        Assert.Equal(
            HttpStatusCode.OK, (await hub.SendAsync(HttpMethod.Put, "api/v1/hub-address", $$"""{"address":"{{asked}}"}""")).Status);
        Assert.Equal(address, (await hub.SendAsync(HttpMethod.Get, "api/v1/hub-address")).Json.GetProperty("address").GetString());
        await hub.SendAsync(HttpMethod.Delete, "api/v1/hub-address");
        Assert.Null(hub.HubAddress.Address);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"address":"no host"}""")]
    [InlineData("""{"address":"010.0.0.1"}""")]
    [InlineData("""{"address":"a","port":1}""")]
    public async Task What_is_no_address_is_refused(string body)
    {
        await using var hub = await AdminFixture.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await hub.SendAsync(HttpMethod.Put, "api/v1/hub-address", body)).Status);
    }
}
