using System.Net;
using System.Text.Json;
using Tunnel.Hub.History;

namespace Tunnel.Hub.UnitTests.Admin;

public sealed class HistoryEndpointsTests : IAsyncLifetime
{
    private AdminFixture _admin = null!;

    public async ValueTask InitializeAsync()
    {
        _admin = await AdminFixture.StartAsync();
        for (var second = 1; second <= 40; second++)
        {
            _admin.History.Record(
                [new TrafficReading("vps", 1000 * second, 10 * second, 2, 3)], 1, _admin.Time.GetUtcNow().AddSeconds(second));
        }
    }

    public ValueTask DisposeAsync() => _admin.DisposeAsync();

    [Fact]
    public async Task It_has_the_total_and_the_edges_that_are_named()
    {
        var (status, json) = await _admin.SendAsync(HttpMethod.Get, "/api/v1/history");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(10, json.GetProperty("resolution").GetInt32());
        Assert.Equal(_admin.Time.GetUtcNow().AddSeconds(40), json.GetProperty("until").GetDateTimeOffset());
        Assert.Equal([1000, 1000, 1000, 1000], Numbers(json.GetProperty("total").GetProperty("bytesIn")));
        Assert.Empty(json.GetProperty("edges").EnumerateArray());

        (_, json) = await _admin.SendAsync(HttpMethod.Get, "/api/v1/history?edge=vps,other&resolution=1&points=3");
        var vps = Assert.Single(json.GetProperty("edges").EnumerateArray());
        Assert.Equal("vps", vps.GetProperty("edgeId").GetString());
        Assert.Equal([10, 10, 10], Numbers(vps.GetProperty("bytesOut")));
        Assert.Equal([2, 2, 2], Numbers(vps.GetProperty("streams")));
        Assert.Equal([3, 3, 3], Numbers(vps.GetProperty("sessions")));
    }

    [Fact]
    public async Task All_that_is_wrong_with_a_request_is_said()
    {
        var many = string.Join(',', Enumerable.Range(0, 51).Select(i => $"e{i}"));
        var (status, json) = await _admin.SendAsync(HttpMethod.Get, $"/api/v1/history?edge={many}&resolution=60&points=0");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(
            ["?edge", "?resolution", "?points"],
            json.GetProperty("errors").EnumerateArray().Select(fault => fault.GetProperty("path").GetString()));
    }

    private static IEnumerable<int> Numbers(JsonElement array) => array.EnumerateArray().Select(number => number.GetInt32());
}
