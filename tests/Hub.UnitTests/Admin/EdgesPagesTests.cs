using System.Net;
using System.Text.Json;
using Tunnel.Hub.Cli;
using Tunnel.Hub.Edges.Presence;
using Tunnel.Hub.Status;
using Tunnel.Hub.UnitTests.Cli;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.UnitTests.Admin;

/// <summary>Edges and their status are answered page by page.</summary>
public sealed class EdgesPagesTests : IAsyncLifetime
{
    private const int Count = 25;
    private AdminFixture _admin = null!;

    public async ValueTask InitializeAsync()
    {
        _admin = await AdminFixture.StartAsync();
        for (var n = 0; n < Count; n++)
            await _admin.Edges.AddAsync(TestEdges.Edge($"{(n % 2 == 0 ? "Even" : "odd")}-{n:00}", 443), default);
    }

    public ValueTask DisposeAsync() => _admin.DisposeAsync();

    [Fact]
    public async Task Pages_of_a_status_cover_every_edge_once_also_when_edges_come_and_go()
    {
        var all = Ids((await GetAsync("/api/v1/status")).GetProperty("edges"));
        Assert.Equal(Count, all.Length);
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await GetAsync($"/api/v1/status?limit=10{(cursor is null ? "" : $"&cursor={cursor}")}");
            seen.AddRange(Ids(page.GetProperty("edges")));
            Assert.Equal(seen.Count == 10 ? Count : Count - 1, page.GetProperty("allowedEdges").GetInt32());
            // An edge that was shown goes; the next page begins where this one ended all the same.
            await _admin.Edges.RemoveAsync(all[0], default);
            cursor = page.TryGetProperty("next", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);
        Assert.Equal(all, seen);
    }

    [Fact]
    public async Task A_link_leads_from_page_to_page_of_the_definitions_and_a_part_has_no_ETag()
    {
        using var whole = await _admin.RequestAsync(HttpMethod.Get, "/api/v1/edges", null);
        Assert.NotNull(whole.Headers.ETag);
        Assert.False(whole.Headers.Contains("Link"));

        var seen = new List<string>();
        for (var path = "/api/v1/edges?limit=5&search=EVEN"; path is not null;)
        {
            using var page = await _admin.RequestAsync(HttpMethod.Get, path, null);
            Assert.Null(page.Headers.ETag);
            seen.AddRange(Ids(JsonElement.Parse(await page.Content.ReadAsStringAsync()), "id"));
            path = page.Headers.TryGetValues("Link", out var links) ? Assert.Single(links).Split('>')[0][1..] : null;
        }

        Assert.Equal(Enumerable.Range(0, Count).Where(n => n % 2 == 0).Select(n => $"Even-{n:00}"), seen);
    }

    [Fact]
    public async Task Edges_are_chosen_by_id_and_state_and_what_is_theirs_comes_with_them()
    {
        Assert.Equal(["Even-00", "odd-01"], Ids((await GetAsync("/api/v1/status?edge=odd-01,Even-00,nobody")).GetProperty("edges")));
        _admin.Recorded = Statuses.Hub(
            Statuses.Edge("a", EdgeCondition.Connected), Statuses.Edge("b", EdgeCondition.Network),
            Statuses.Edge("c", EdgeCondition.NeverSeen)) with
        {
            EdgesConnected = 1,
            PortCertificates = [Certificate("a"), Certificate("b")],
        };
        Assert.Equal(["b", "c"], Ids((await GetAsync("/api/v1/status?state=down")).GetProperty("edges")));
        var gone = await GetAsync("/api/v1/status?state=network,conflict");
        Assert.Equal(["b"], Ids(gone.GetProperty("edges")));
        Assert.Equal(["b"], Ids(gone.GetProperty("portCertificates")));
        Assert.Equal((3, 1), (gone.GetProperty("allowedEdges").GetInt32(), gone.GetProperty("edgesConnected").GetInt32()));

        static PortCertificateStatus Certificate(string edge) => new() { EdgeId = edge, Ports = "443", Path = "/a.pem", Names = [] };
    }

    [Fact]
    public async Task Every_parameter_that_is_not_valid_is_named()
    {
        var (status, json) = await _admin.SendAsync(HttpMethod.Get, "/api/v1/status?limit=0&cursor=%2F&edge=a,b%20c&search=&state=up");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(
            ["?cursor", "?edge", "?limit", "?search", "?state"],
            json.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("path").GetString()).Order(
                StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("edge list --limit 2 --search odd", "odd-01", "--cursor odd-03")]
    [InlineData("status --limit 2 --search odd --cursor odd-03", "odd-05", "--cursor odd-07")]
    [InlineData("status --edge odd-05", "odd-05", "")]
    public async Task The_commands_show_a_page_and_where_the_next_one_begins(string command, string shown, string next)
    {
        var (exit, output, error) = await RunAsync(command);
        Assert.Equal((0, next.Length > 0 ? $"There are more: {next}\n" : ""), (exit, error));
        Assert.Contains(shown, output, StringComparison.Ordinal);
        Assert.DoesNotContain("Even-", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_commands_say_what_is_wrong_in_their_own_words()
    {
        Assert.Equal((0, "", "No edge is like that.\n"), await RunAsync("edge list --state connected"));
        var (exit, _, error) = await RunAsync("status --state up --limit 0");
        Assert.Equal(ExitCodes.Usage, exit);
        Assert.Contains("--state = \"up\": must be conflict, connected, ", error, StringComparison.Ordinal);
        Assert.Contains("--limit = \"0\": must be 1–1000", error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, (await RunAsync("edge list --json --state down")).Exit);
        Assert.Equal(["odd-05"], Ids(JsonElement.Parse((await RunAsync("edge list --json --edge odd-05")).Output), "id"));
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        var (status, json) = await _admin.SendAsync(HttpMethod.Get, path);
        Assert.Equal(HttpStatusCode.OK, status);
        return json;
    }

    private static string[] Ids(JsonElement items, string member = "edgeId") =>
        [.. items.EnumerateArray().Select(item => item.GetProperty(member).GetString()!)];

    private async Task<(int Exit, string Output, string Error)> RunAsync(string command)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exit = await HubCommandLine.InvokeAsync([.. command.Split(' '), "--admin-socket", _admin.SocketPath], output, error);
        return (exit, output.ToString(), error.ToString());
    }
}
