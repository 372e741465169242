using System.Net;
using System.Text.Json;
using Tunnel.Hub.Cli;
using Tunnel.Hub.Status;
using Tunnel.Hub.Traffic;
using Tunnel.Hub.UnitTests.Cli;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.UnitTests.Admin;

public sealed class TrafficEndpointsTests : IAsyncLifetime
{
    private AdminFixture _admin = null!;

    public async ValueTask InitializeAsync()
    {
        _admin = await AdminFixture.StartAsync();
        for (var i = 1; i <= 25; i++)
        {
            var connection = new FakeConnection(_admin.Traffic.NextId(), i % 2 == 0 ? "even" : "odd", $"192.0.2.{i}:40000");
            _admin.Traffic.Of(connection.EdgeId, udp: false, 443).Add(connection);
            _admin.Traffic.Log.Add(new ConnectionRecord
            {
                Time = _admin.Time.GetUtcNow(),
                EdgeId = connection.EdgeId,
                Port = 443,
                Proto = "tcp",
                Client = connection.Client,
                Action = i % 5 == 0 ? ConnectionAction.Blocked : ConnectionAction.Allowed,
                Reason = i % 5 == 0 ? "denied" : "completed",
            });
        }
    }

    public ValueTask DisposeAsync() => _admin.DisposeAsync();

    [Theory]
    [InlineData("/api/v1/streams", "streams")]
    [InlineData("/api/v1/connections", "connections")]
    public async Task Pages_cover_everything_once(string path, string member)
    {
        var ids = new List<long>();
        string? cursor = null;
        do
        {
            var (status, json) = await _admin.SendAsync(HttpMethod.Get, $"{path}?limit=7{(cursor is null ? "" : $"&cursor={cursor}")}");
            Assert.Equal(HttpStatusCode.OK, status);
            ids.AddRange(json.GetProperty(member).EnumerateArray().Select(item => item.GetProperty("id").GetInt64()));
            cursor = json.TryGetProperty("next", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);

        Assert.Equal(25, ids.Count);
        Assert.Equal(25, ids.Distinct().Count());
    }

    [Theory]
    [InlineData("edge=even", 12)]
    [InlineData("port=443", 25)]
    [InlineData("port=tcp/443", 25)]
    [InlineData("port=udp/443", 0)]
    [InlineData("address=192.0.2.3", 1)]
    [InlineData("address=192.0.2.0/29", 7)]
    [InlineData("edge=odd&address=192.0.2.0/29", 4)]
    public async Task Both_lists_are_filtered(string query, int count)
    {
        foreach (var list in (string[])["streams", "connections"])
        {
            var (_, json) = await _admin.SendAsync(HttpMethod.Get, $"/api/v1/{list}?{query}");
            Assert.Equal(count, json.GetProperty(list).GetArrayLength());
        }
    }

    [Fact]
    public async Task Connections_are_also_filtered_by_action_and_time()
    {
        Assert.Equal(5, await CountAsync("action=blocked"));
        Assert.Equal(20, await CountAsync("action=allowed"));
        Assert.Equal(25, await CountAsync("since=2025-01-01T12:00:00Z"));
        Assert.Equal(0, await CountAsync("until=2025-01-01T12:00:00Z"));

        async Task<int> CountAsync(string query) =>
            (await _admin.SendAsync(HttpMethod.Get, $"/api/v1/connections?{query}")).Json.GetProperty("connections").GetArrayLength();
    }

    [Fact]
    public async Task Every_fault_of_a_query_is_named_at_once()
    {
        var (status, json) = await _admin.SendAsync(
            HttpMethod.Get, "/api/v1/connections?port=70000&address=10.0.0.1/8&action=maybe&since=yesterday&limit=0&cursor=x");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(
            ["?port", "?address", "?action", "?since", "?limit", "?cursor"],
            json.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("path").GetString()));
    }

    [Fact]
    public async Task Statistics_are_of_every_assigned_port()
    {
        await _admin.Edges.AddAsync(TestEdges.WithSecret("odd") with { ListenPorts = [443, 80], ListenPortsUdp = [53] }, default);
        _admin.Traffic.Of("odd", udp: false, 443).CountBlocked("denied", 4);

        var (_, json) = await _admin.SendAsync(HttpMethod.Get, "/api/v1/streams/stats");
        Assert.Equal(
            ["tcp/80", "tcp/443", "udp/53"],
            json.GetProperty("ports").EnumerateArray().Select(port => $"{port.GetProperty("proto")}/{port.GetProperty("port")}"));
        var port = json.GetProperty("ports")[1];
        Assert.Equal(
            (13, 13L, 4L, false), (port.GetProperty("activeConnections").GetInt32(), json.GetProperty("totalConnections").GetInt64(),
            port.GetProperty("blocked").GetProperty("denied").GetInt64(), port.GetProperty("listening").GetBoolean()));
    }

    [Fact]
    public async Task A_block_says_how_many_edges_get_it_and_how_many_connections_fall()
    {
        await _admin.Edges.AddAsync(TestEdges.WithSecret("odd"), default);
        _admin.Recorded = new HubStatus
        {
            Running = true,
            TunnelPort = 1,
            Version = "1",
            ConnectedEdges = [Statuses.Connected("odd"), Statuses.Connected("even")],
        };
        var (_, all) = await _admin.SendAsync(HttpMethod.Post, "/api/v1/blocks", """{"ip":"192.0.2.0/30"}""");
        Assert.Equal((2, 3), (all.GetProperty("connectedEdges").GetInt32(), all.GetProperty("openConnections").GetInt32()));

        var one = await RunAsync("firewall", "block", "192.0.2.0/30", "--edges", "odd");
        Assert.Contains("at odd until", one.Out, StringComparison.Ordinal);
        Assert.EndsWith("get it now: 1; open connections from there, which are reset: 2.", one.Out.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_many_ports_some_are_answered_and_all_are_counted()
    {
        await _admin.Edges.AddAsync(TestEdges.WithSecret("odd") with { ListenPorts = [443, 80], ListenPortsUdp = [53] }, default);
        var (_, json) = await _admin.SendAsync(HttpMethod.Get, "/api/v1/streams/stats?limit=1");
        // No port is bound here, so the one with most connections is the worst.
        Assert.Equal(443, Assert.Single(json.GetProperty("ports").EnumerateArray()).GetProperty("port").GetInt32());
        Assert.Equal(13, json.GetProperty("activeConnections").GetInt32());
        var (status, faults) = await _admin.SendAsync(HttpMethod.Get, "/api/v1/streams/stats?limit=0");
        Assert.Equal((HttpStatusCode.BadRequest, "?limit"), (status, faults.GetProperty("errors")[0].GetProperty("path").GetString()));
    }

    [Fact]
    public async Task The_commands_show_tables_and_json()
    {
        await _admin.Edges.AddAsync(TestEdges.WithSecret("odd"), default);
        var streams = await RunAsync("streams", "--edge", "odd", "--limit", "2");
        Assert.Contains("192.0.2.1:40000", streams.Out, StringComparison.Ordinal);
        Assert.Contains("--cursor", streams.Error, StringComparison.Ordinal);
        Assert.Contains("tcp/443", (await RunAsync("streams", "--stats")).Out, StringComparison.Ordinal);
        Assert.Contains("denied", (await RunAsync("connections", "--action", "blocked")).Out, StringComparison.Ordinal);
        Assert.Equal(25, JsonElement.Parse((await RunAsync("connections", "--json")).Out).GetProperty("connections").GetArrayLength());
        Assert.Equal(ExitCodes.Usage, (await RunAsync("connections", "--action", "maybe")).ExitCode);
    }

    private async Task<(int ExitCode, string Out, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await HubCommandLine.InvokeAsync([.. arguments, "--admin-socket", _admin.SocketPath], output, error);
        return (code, output.ToString(), error.ToString());
    }

    private sealed class FakeConnection(long id, string edgeId, string client) : ILiveConnection
    {
        public string EdgeId => edgeId;

        public string Client => client;

        public long BytesIn => 1;

        public long BytesOut => 2;

        public LiveConnection Describe() => new()
        {
            Id = id,
            UniqueId = new string('0', 32),
            EdgeId = edgeId,
            Port = 443,
            Proto = "tcp",
            Client = client,
            Target = "127.0.0.1:443",
            Since = DateTimeOffset.UnixEpoch,
            BytesIn = 1,
            BytesOut = 2,
        };
    }
}
