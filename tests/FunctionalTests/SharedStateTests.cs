using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>
/// Two hubs share edges, secrets and blocks in PostgreSQL: what one's API changes is in force at both, with their edges.
/// </summary>
public sealed class SharedStateTests : IAsyncLifetime
{
    private const string EdgeId = "edge-1";

    // What each hub's connection that listens was asked last.
    private const string Listeners = "from pg_stat_activity where datname = 'hubs' and query in ('listen tunnel_hub', 'select 1')";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-functional-");
    private PostgresServer _postgres = null!;
    private HubProcess _one = null!;
    private HubProcess _other = null!;

    public async ValueTask InitializeAsync()
    {
        _postgres = await PostgresServer.StartAsync();
        var certificate = TestCertificates.Write(_directory.FullName, "hub.example.com");
        var database = await _postgres.MakeDatabaseAsync("hubs");
        var file = Path.Combine(_directory.FullName, "database");
        await File.WriteAllTextAsync(file, database + "\n");
        _one = await StartAsync("one", certificate, "state", database);
        _other = await StartAsync("other", certificate, "stateFile", file);
    }

    public async ValueTask DisposeAsync()
    {
        await _one.DisposeAsync();
        await _other.DisposeAsync();
        await _postgres.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task An_edge_of_one_hub_is_changed_live_by_the_other_hubs_api()
    {
        var ports = FreePorts.Next(2);
        await using var edge = await ConnectAsync([ports[0]]);
        await _other.PutEdgeAsync(EdgeId, [ports[1]], []);
        await edge.WaitForPortsAsync([ports[1]], []);
        Assert.NotNull(await _one.ConnectedEdgeAsync(EdgeId));

        // The edge is removed at the hub that it is not connected to.
        Assert.True((await _other.SendAsync(HttpMethod.Delete, $"api/v1/edges/{EdgeId}")).IsSuccess);
        await Eventually.IsTrueAsync(async () => await _one.ConnectedEdgeAsync(EdgeId) is null, "the end of the edge's tunnel");
    }

    [Fact]
    public async Task A_change_comes_to_the_other_hubs_edge_by_a_notice_and_not_by_the_next_look()
    {
        var ports = FreePorts.Next(2);
        await using var edge = await ConnectAsync([ports[0]]);
        Assert.Equal("2", await _postgres.RunAsync("hubs", $"select count(*) {Listeners}"));

        // A look begins with a question on the connection that listens, and reads once. Where none was asked since the change before this
        // one, which the hub has read already, a notice has brought this one.
        var turn = 0;
        await Eventually.IsTrueAsync(
            async () =>
            {
                var port = ports[++turn % 2];
                var before = await _postgres.RunAsync("hubs", "select changed from tunnel_hub_state where name = 'edges'");
                await _other.PutEdgeAsync(EdgeId, [port], []);
                await edge.WaitForPortsAsync([port], []);
                return await _postgres.RunAsync("hubs", $"select max(query_start) < timestamptz '{before}' {Listeners}") == "t";
            },
            "a change that came by a notice", explain: () => _one.Process.Log);
    }

    [Fact]
    public async Task A_secret_that_one_hub_rotates_is_good_at_the_other_until_its_grace_is_over()
    {
        var port = FreePorts.Next();
        await using var edge = await ConnectAsync([port]);
        Assert.True((await RotateAsync(3600)).IsSuccess);
        await edge.RestartAsync();
        await edge.WaitForPortsAsync([port], []);
        Assert.NotNull(await _one.ConnectedEdgeAsync(EdgeId));

        Assert.True((await RotateAsync(0)).IsSuccess);
        await Eventually.IsTrueAsync(async () => await _one.ConnectedEdgeAsync(EdgeId) is null, "the end of the old secret's tunnel");

        Task<AdminResponse> RotateAsync(int grace) => _other.SendAsync(
            HttpMethod.Post, $"api/v1/edges/{EdgeId}/rotate-secret", $$"""{"host": "{{_one.EndPoint}}", "graceSeconds": {{grace}}}""");
    }

    [Fact]
    public async Task A_block_is_everywhere_and_lifted_everywhere()
    {
        (await _one.RunAsync("firewall", "block", "192.0.2.7", "--for", "1h")).Succeeded();
        await Eventually.IsTrueAsync(async () => (await BlocksAsync(_other)).SequenceEqual(["192.0.2.7"]), "the block at the other hub");
        (await _other.RunAsync("firewall", "unblock", "192.0.2.7")).Succeeded();
        await Eventually.IsTrueAsync(async () => !(await BlocksAsync(_one)).Any(), "the end of the block at the first hub");
    }

    [Fact]
    public async Task An_entity_tag_of_one_hub_is_good_at_the_other_until_something_has_changed()
    {
        await _one.AddEdgeAsync(EdgeId, [80], []);
        var path = $"api/v1/edges/{EdgeId}";
        await Eventually.IsTrueAsync(async () => (await _other.SendAsync(HttpMethod.Get, path)).IsSuccess, "the edge at the other hub");
        using var one = new AdminClient("tunnel-hub", _one.AdminSocket);
        using var other = new AdminClient("tunnel-hub", _other.AdminSocket);
        var first = (await one.GetAsync(path, TestContext.Current.CancellationToken)).EntityTag!;

        var second = await AssertChangesAsync(other, HttpMethod.Put, """{"listenPorts": [81]}""", first);
        await AssertRefusedAsync([one, other], first);
        var third = await AssertChangesAsync(one, HttpMethod.Patch, """{"listenPorts": [82]}""", second);
        await AssertRefusedAsync([other, one], second);
        Assert.Equal(82, await ListenPortAsync(one));
        await Eventually.IsTrueAsync(
            async () => (await other.GetAsync(path, TestContext.Current.CancellationToken)).EntityTag == third, "one tag at both");
        Assert.Equal(82, await ListenPortAsync(other));

        async Task<int> ListenPortAsync(AdminClient hub) =>
            (await hub.GetAsync(path, TestContext.Current.CancellationToken)).Json().GetProperty("listenPorts").EnumerateArray().Single()
                .GetInt32();

        async Task<string> AssertChangesAsync(AdminClient at, HttpMethod method, string body, string tag)
        {
            var answer = await at.SendAsync(method, path, body, TestContext.Current.CancellationToken, ifMatch: tag);
            Assert.True(answer.IsSuccess, answer.Body);
            return (await at.GetAsync(path, TestContext.Current.CancellationToken)).EntityTag!;
        }

        async Task AssertRefusedAsync(AdminClient[] hubs, string tag)
        {
            // The one that was not asked to change it may not have heard of the change yet, and refuses all the same.
            foreach (var hub in hubs)
            {
                foreach (var method in (HttpMethod[])[HttpMethod.Put, HttpMethod.Patch])
                {
                    var answer = await hub.SendAsync(
                        method, path, """{"listenPorts": [83]}""", TestContext.Current.CancellationToken, ifMatch: tag);
                    Assert.Equal(412, answer.StatusCode);
                }
            }
        }
    }

    [Fact]
    public async Task Both_change_one_edge_a_thousand_times_at_once_and_no_change_is_lost()
    {
        await _one.AddEdgeAsync(EdgeId, [], []);
        var ports = Enumerable.Range(1, 1000).ToArray();
        await Task.WhenAll(
            ports.Chunk(250).Select((chunk, index) => Task.Run(async () =>
            {
                var hub = index % 2 == 0 ? _one : _other;
                foreach (var port in chunk)
                {
                    var answer = await hub.SendAsync(
                        HttpMethod.Put, $"api/v1/edges/{EdgeId}/ports/tcp%2F{port}", $$"""{"targetPort": {{port}}}""");
                    Assert.True(answer.IsSuccess, $"{port}: {answer.StatusCode} {answer.Body}");
                }
            })));

        var expected = ports.Select(port => $"tcp/{port}").Order(StringComparer.Ordinal);
        await Eventually.IsTrueAsync(async () => (await PortsAsync(_one)).SequenceEqual(expected), "all ports at the first hub");
        await Eventually.IsTrueAsync(async () => (await PortsAsync(_other)).SequenceEqual(expected), "all ports at the other hub");
        Assert.Equal(
            (await _one.SendAsync(HttpMethod.Get, "api/v1/edges")).Body, (await _other.SendAsync(HttpMethod.Get, "api/v1/edges")).Body);
    }

    [Fact]
    public async Task Without_the_database_hubs_go_on_and_start_and_take_changes_again_once_it_is_back()
    {
        var ports = FreePorts.Next(2);
        await using var edge = await ConnectAsync([ports[0]]);
        Assert.Null(await _one.SharedStateFaultAsync());
        await _postgres.KillAsync();
        var refused = await _one.SendAsync(HttpMethod.Delete, $"api/v1/edges/{EdgeId}");
        Assert.Equal(503, refused.StatusCode);
        Assert.Contains(
            "Nothing was changed. The PostgreSQL database hubs at ", refused.Json().GetProperty("detail").GetString(),
            StringComparison.Ordinal);

        // The hub is started again without the database, and its edge comes back.
        await _one.RestartAsync();
        await Eventually.IsTrueAsync(async () => await _one.ConnectedEdgeAsync(EdgeId) is not null, "the edge to be back");
        await edge.WaitForPortsAsync([ports[0]], []);
        Assert.NotNull(await _one.SharedStateFaultAsync());
        Assert.Contains("changes are refused", (await _one.RunAsync("status")).StandardOutput, StringComparison.Ordinal);

        await _postgres.StartAgainAsync();
        await Eventually.IsTrueAsync(async () => await _one.SharedStateFaultAsync() is null, "the database to be used again");
        await _one.PutEdgeAsync(EdgeId, [ports[1]], []);
        await edge.WaitForPortsAsync([ports[1]], []);
    }

    [Fact]
    public async Task An_edge_with_both_as_its_hubs_outlives_each_of_them_and_the_database()
    {
        var ports = FreePorts.Next(3);
        var token = await _one.AddEdgeAsync(EdgeId, [ports[0]], []);
        await using var edge = EdgeProcess.Start(
            _directory.FullName, token, LoopbackAddresses.Next(), "--hubs", _other.EndPoint.ToString());
        await WaitForBothAsync();
        await edge.WaitForPortsAsync([ports[0]], []);

        // Whichever hub is changed, neither is behind, and both know what is bound.
        foreach (var (hub, port) in new[] { (_one, ports[1]), (_other, ports[2]) })
        {
            await hub.PutEdgeAsync(EdgeId, [port], []);
            await edge.WaitForPortsAsync([port], []);
            foreach (var asked in (HubProcess[])[_one, _other])
            {
                await Eventually.IsTrueAsync(
                    async () => (await asked.ConnectedEdgeAsync(EdgeId))!.Value.GetProperty("bound").EnumerateArray()
                        .Select(bound => bound.GetProperty("port").GetInt32()).SequenceEqual([port]),
                    "what is bound", explain: () => asked.Process.Log);
            }
        }

        await WaitForBothAsync();

        // One hub is killed and the other changed meanwhile; then the database goes, and the killed one comes back with what it knew.
        _one.Process.Signal(ManagedProcess.SigKill);
        await Eventually.IsTrueAsync(
            async () => (await HubsAsync()).Count(IsConnected) == 1, "the loss of a hub", explain: () => edge.Process.Log);
        await _other.PutEdgeAsync(EdgeId, [ports[0]], []);
        await edge.WaitForPortsAsync([ports[0]], []);
        await _postgres.KillAsync();
        await _one.RestartAsync();
        await Eventually.IsTrueAsync(async () => (await HubsAsync()).Count(IsConnected) == 2, "both hubs", explain: () => edge.Process.Log);
        await Eventually.IsTrueAsync(
            async () => (await HubsAsync()).Count(hub => hub.GetProperty("outdated").GetBoolean()) == 1, "the one that is behind",
            explain: () => edge.Process.Log);
        await edge.WaitForPortsAsync([ports[0]], []);

        await _postgres.StartAgainAsync();
        await WaitForBothAsync();
        await edge.WaitForPortsAsync([ports[0]], []);

        Task WaitForBothAsync() => Eventually.IsTrueAsync(
            async () => (await HubsAsync()).Count(hub => IsConnected(hub) && !hub.GetProperty("outdated").GetBoolean()) == 2,
            "two hubs with the same state", explain: () => $"{edge.Process.Log}\n{_one.Process.Log}");

        async Task<JsonElement[]> HubsAsync() =>
            await edge.StatusAsync() is { } status ? [.. status.GetProperty("hubs").EnumerateArray()] : [];

        static bool IsConnected(JsonElement hub) => hub.GetProperty("connected").GetBoolean();
    }

    [Fact]
    public async Task A_secret_that_one_hub_pushes_comes_to_the_other_with_all_that_is_open_there()
    {
        var port = FreePorts.Next();
        var address = LoopbackAddresses.Next();
        var token = await _one.AddEdgeAsync(EdgeId, [port], []);
        await _one.PutEdgeAsync(EdgeId, [port], [], TunnelSetup.WithoutHeader([port], []));
        await using var edge = EdgeProcess.Start(_directory.FullName, token, address, "--hubs", _other.EndPoint.ToString());
        await edge.WaitForPortsAsync([port], []);
        await Eventually.IsTrueAsync(
            async () => await _other.ConnectedEdgeAsync(EdgeId) is not null, "both hubs", explain: () => edge.Process.Log);
        using var upstream = new TcpListener(IPAddress.Loopback, port);
        upstream.Start();
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(new IPEndPoint(address, port));
        using var open = new StreamPair(client, await upstream.AcceptSocketAsync());
        await open.AssertEchoAsync();

        HubProcess[] hubs = [_one, _other];
        var has = Array.Find(hubs, hub => hub.Process.Log.Contains($"'{EdgeId}' port tcp/{port}: ", StringComparison.Ordinal))!;
        var pushes = hubs.Single(hub => hub != has);

        (await pushes.RunAsync("edge", "rotate-secret", EdgeId, "--push", "--grace", "15s")).Succeeded();
        await edge.Process.WaitForLineAsync("knows the secret that another hub has renewed");

        // The old secret ends, and with it any tunnel that was made with it.
        await Eventually.IsTrueAsync(
            async () => (await has.SendAsync(HttpMethod.Get, "api/v1/status")).Json().GetProperty("edges").EnumerateArray().Single()
                .GetProperty("secrets").GetInt32() == 1,
            "the end of the old secret", explain: () => has.Process.Log);
        await open.AssertEchoAsync();
        Assert.NotNull(await has.ConnectedEdgeAsync(EdgeId));
    }

    [Fact]
    public async Task The_state_moves_out_of_the_database_and_back()
    {
        await _one.AddEdgeAsync(EdgeId, [], []);
        var files = Path.Combine(_directory.FullName, "files");
        var before = (await _one.SendAsync(HttpMethod.Get, "api/v1/edges")).Body;
        Assert.Contains("edges (1)", (await StateAsync("export", "--to", files)).Succeeded().StandardOutput, StringComparison.Ordinal);

        // Without --replace, nothing that is there is lost.
        await _one.AddEdgeAsync("another", [], []);
        Assert.Contains("--replace", (await StateAsync("import", "--from", files)).StandardError, StringComparison.Ordinal);
        (await StateAsync("import", "--from", files, "--replace")).Succeeded();
        foreach (var hub in (HubProcess[])[_one, _other])
            await Eventually.IsTrueAsync(async () => (await hub.SendAsync(HttpMethod.Get, "api/v1/edges")).Body == before, "the state");

        Task<ProgramResult> StateAsync(params string[] arguments) => ManagedProcess.RunAsync(
            Binaries.Hub, ["state", .. arguments, "--config", Path.Combine(_directory.FullName, "one", "hub.json")]);
    }

    private static async Task<IEnumerable<string>> BlocksAsync(HubProcess hub) =>
        (await hub.SendAsync(HttpMethod.Get, "api/v1/blocks")).Json().EnumerateArray().Select(
            block => block.GetProperty("ip").GetString()!);

    private static async Task<IEnumerable<string>> PortsAsync(HubProcess hub) =>
        (await hub.SendAsync(HttpMethod.Get, $"api/v1/edges/{EdgeId}")).Json().GetProperty("ports").EnumerateObject()
            .Select(port => port.Name).Order(StringComparer.Ordinal);

    private async Task<EdgeProcess> ConnectAsync(int[] ports)
    {
        // The token is made at one hub for an address of the other, which has the same certificate.
        var token = await _other.AddEdgeAsync(EdgeId, ports, [], host: _one.EndPoint);
        var edge = EdgeProcess.Start(_directory.FullName, token, LoopbackAddresses.Next());
        await edge.WaitForPortsAsync(ports, []);
        return edge;
    }

    private Task<HubProcess> StartAsync(string name, string certificate, string setting, string value)
    {
        var settings = new JsonObject
        {
            [setting] = value,
            ["tls"] = new JsonObject { ["certPem"] = certificate, ["keyPem"] = certificate },
        };
        return HubProcess.StartAsync(_directory.CreateSubdirectory(name).FullName, IPAddress.Loopback, settings);
    }
}
