using System.Net;
using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.UnitTests.Admin;

public sealed class BlocksEndpointsTests
{
    [Fact]
    public async Task Blocks_are_made_listed_and_lifted()
    {
        await using var api = await AdminFixture.StartAsync();
        var (status, block) = await api.SendAsync(
            HttpMethod.Post, "api/v1/blocks", """{"ip":"198.51.100.0/24","seconds":90,"reason":"scans"}""");
        Assert.Equal(HttpStatusCode.Created, status);
        Assert.Equal("198.51.100.0/24", block.GetProperty("ip").GetString());
        Assert.Equal(
            TimeSpan.FromSeconds(90), block.GetProperty("until").GetDateTimeOffset() - block.GetProperty("since").GetDateTimeOffset());

        Assert.Single((await api.SendAsync(HttpMethod.Get, "api/v1/blocks")).Json.EnumerateArray());
        Assert.Equal(HttpStatusCode.NotFound, (await api.SendAsync(HttpMethod.Delete, "api/v1/blocks/198.51.100.0%2F25")).Status);
        Assert.Equal(HttpStatusCode.OK, (await api.SendAsync(HttpMethod.Delete, "api/v1/blocks/198.51.100.0%2F24")).Status);
        Assert.Empty((await api.SendAsync(HttpMethod.Get, "api/v1/blocks")).Json.EnumerateArray());
        await api.SendAsync(HttpMethod.Post, "api/v1/blocks", """{"ip":"2001:db8:7::/48"}""");
        Assert.Equal(HttpStatusCode.OK, (await api.SendAsync(HttpMethod.Delete, "api/v1/blocks/2001%3Adb8%3A7%3A%3A%2F48")).Status);
    }

    [Fact]
    public async Task Every_fault_is_named()
    {
        await using var api = await AdminFixture.StartAsync();
        var (status, problem) = await api.SendAsync(
            HttpMethod.Post, "api/v1/blocks", """{"ip":"; flush ruleset","seconds":0,"edges":["nobody"],"reason":7,"for":"1h"}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(
            ["$.ip", "$.seconds", "$.edges[0]", "$.reason", "$.for"],
            problem.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("path").GetString()));
        Assert.Equal(HttpStatusCode.BadRequest, (await api.SendAsync(HttpMethod.Post, "api/v1/blocks", "{}")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await api.SendAsync(HttpMethod.Delete, "api/v1/blocks/x")).Status);
    }

    [Fact]
    public async Task The_hub_itself_is_never_blocked()
    {
        await using var api = await AdminFixture.StartAsync();
        var (status, problem) = await api.SendAsync(HttpMethod.Post, "api/v1/blocks", """{"ip":"192.0.2.0/24"}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("192.0.2.200", problem.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_block_may_be_for_some_edges()
    {
        await using var api = await AdminFixture.StartAsync();
        await api.Edges.AddAsync(new EdgeDefinition { Id = "a" }, CancellationToken.None);
        var (_, block) = await api.SendAsync(HttpMethod.Post, "api/v1/blocks", """{"ip":"203.0.113.9","edges":["a"]}""");
        Assert.Equal("a", Assert.Single(block.GetProperty("edges").EnumerateArray()).GetString());
    }
}
