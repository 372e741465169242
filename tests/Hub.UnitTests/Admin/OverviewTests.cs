using System.Net;
using System.Text;
using System.Text.Json;
using Tunnel.Hub.Admin;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.History;
using Tunnel.Hub.Status;
using Tunnel.Hub.UnitTests.Cli;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Admin;

/// <summary>Answers for dashboards are bounded, however many edges there are.</summary>
public sealed class OverviewTests : IAsyncLifetime
{
    private const int Many = 10_000;

    private AdminFixture _admin = null!;

    public async ValueTask InitializeAsync() => _admin = await AdminFixture.StartAsync();

    public ValueTask DisposeAsync() => _admin.DisposeAsync();

    [Fact]
    public async Task It_says_what_is_up_how_fast_and_what_is_wrong()
    {
        _admin.History.Record(
            [new TrafficReading("a", 1000, 10, 3, 1), new TrafficReading("b", 200, 20, 2, 0)], 1, _admin.Time.GetUtcNow());
        _admin.Recorded = Statuses.Hub(
            Statuses.Edge("a", EdgeCondition.Connected), Statuses.Edge("b", EdgeCondition.Connected),
            Statuses.Edge("gone", EdgeCondition.Network),
            Statuses.Edge("off", EdgeCondition.Disabled)) with
        {
            ConnectedEdges = [
                Statuses.Connected("a") with { FailedPorts = [new FailedPort(80, "tcp", "in use")] }, Statuses.Connected("b")],
            StreamFailures = Statuses.Counts("refused", 3),
            SessionFailures = Statuses.Counts("refused", 4),
        };
        var overview = await GetAsync("");
        Assert.Equal(
            (4, 3, 2, 6, 2, 1200, 30, 7, 2, 0),
            (Number(overview, "allowedEdges"), Number(overview, "enabledEdges"), Number(overview, "edgesConnected"),
                Number(overview, "activeStreams"), Number(overview, "activeSessions"), Number(overview, "rateIn"),
                Number(overview, "rateOut"),
                Number(overview.GetProperty("failures"), "refused"), Number(overview, "bad"), Number(overview, "warn")));
        Assert.Equal(
            ["gone is down: network", "a can't listen on tcp/80"],
            overview.GetProperty("troubles").EnumerateArray().Select(trouble => trouble.GetProperty("title").GetString()));
        // The worst edges come first, and those of one kind stand by id.
        Assert.Equal(
            ["a bad ports missing 1000", "gone bad network -", "b good up 200", "off off disabled -"],
            overview.GetProperty("edges").EnumerateArray().Select(edge =>
                $"{edge.GetProperty("edgeId")} {edge.GetProperty("health")} {edge.GetProperty("word")} "
                + (edge.TryGetProperty("rateIn", out var rate) ? rate.ToString() : "-")));
        Assert.All(overview.GetProperty("edges").EnumerateArray(), edge => Assert.Equal("tcp 443", edge.GetProperty("ports").GetString()));
    }

    [Fact]
    public async Task With_very_many_edges_and_troubles_it_is_as_small_as_with_a_few()
    {
        var ports = new EdgePortsStatus(new string('1', 60_000), "", new string('2', 60_000));
        var detail = new string('y', 256);
        _admin.Recorded = Statuses.Hub(
            [.. Enumerable.Range(0, Many).Select(n => Statuses.Edge($"{new string('x', 59)}{n:00000}", EdgeCondition.Network) with
        {
            Remote = "[2001:db8::1]:40000",
            Detail = detail,
            Tcp = ports,
        })]);
        using var answer = await _admin.RequestAsync(HttpMethod.Get, "/api/v1/overview", null);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.InRange(Encoding.UTF8.GetByteCount(body), 1, 100_000);
        var overview = JsonElement.Parse(body);
        Assert.Equal((Many, Many), (Number(overview, "bad"), Number(overview, "found")));
        Assert.Equal((100, 50), (overview.GetProperty("troubles").GetArrayLength(), overview.GetProperty("edges").GetArrayLength()));
    }

    [Theory]
    [InlineData("sort=edge&limit=2", "a b")]
    [InlineData("sort=edge&descending=true&limit=2", "gone c")]
    [InlineData("sort=edge&limit=2&offset=2", "c gone")]
    [InlineData("sort=rtt&descending=true", "b c a gone")]
    [InlineData("sort=state&search=O", "gone")]
    [InlineData("limit=0", "")]
    [InlineData("edge=b", "b")]
    [InlineData("edge=nobody", "")]
    public async Task Edges_are_found_and_sorted(string query, string expected)
    {
        _admin.Recorded = Statuses.Hub(
            [
                .. "abc".Select(letter => Statuses.Edge($"{letter}", EdgeCondition.Connected)),
                Statuses.Edge("gone", EdgeCondition.Network)]) with
        {
            ConnectedEdges = [
                Statuses.Connected("a") with { Rtt = 1 }, Statuses.Connected("b") with { Rtt = 30 },
                Statuses.Connected("c") with { Rtt = 2 }],
        };
        var overview = await GetAsync($"?{query}");
        Assert.Equal(
            expected,
            string.Join(' ', overview.GetProperty("edges").EnumerateArray().Select(edge => edge.GetProperty("edgeId").GetString())));
        // The figures are those of all edges, whichever are shown.
        Assert.Equal((4, 1), (Number(overview, "allowedEdges"), Number(overview, "bad")));
        Assert.Equal(query.StartsWith("edge=", StringComparison.Ordinal) ? 0 : 1, overview.GetProperty("troubles").GetArrayLength());
    }

    [Fact]
    public async Task Every_parameter_that_is_not_valid_is_named()
    {
        var (status, json) = await _admin.SendAsync(
            HttpMethod.Get, $"/api/v1/overview?limit=501&offset=-1&edge=%2F&sort=name&search={new string('x', 65)}");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(
            ["?edge", "?limit", "?offset", "?search", "?sort"],
            json.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("path").GetString()).Order(
                StringComparer.Ordinal));
    }

    [Fact]
    public void The_page_of_limits_has_its_numbers()
    {
        LimitsPage.AssertSays("overview (", 50, OverviewQuery.MaxLimit, OverviewAnswer.MaxTroubles);
        LimitsPage.AssertSays("ports with their counters", TrafficEndpoints.MaxPorts);
    }

    private async Task<JsonElement> GetAsync(string query)
    {
        var (status, json) = await _admin.SendAsync(HttpMethod.Get, $"/api/v1/overview{query}");
        Assert.Equal(HttpStatusCode.OK, status);
        return json;
    }

    private static int Number(JsonElement element, string member) => element.GetProperty(member).GetInt32();
}
