using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Programs;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Each part of a port's policy works through a real hub and edge.</summary>
public sealed class PortPolicyTests
{
    [Fact]
    public async Task A_list_that_is_pushed_turns_clients_away_and_leaves_those_who_are_in()
    {
        await using var setup = await TunnelSetup.StartAsync(
            policies: (tcp, _) => Policy(tcp[0], new JsonObject { ["logConnections"] = true }));
        var port = setup.Tcp[0];
        using var upstream = setup.Listen(port);
        var (welcome, unwelcome) = (LoopbackAddresses.Next(), LoopbackAddresses.Next());
        using var before = await OpenAsync(setup, upstream, port, unwelcome);

        await PushAsync(
            setup, Policy(port, new JsonObject { ["logConnections"] = true, ["denyCidrs"] = new JsonArray($"{unwelcome}/32") }));
        Assert.True(await IsResetAsync(setup, port, unwelcome));
        await before.AssertEchoAsync();
        using var after = await OpenAsync(setup, upstream, port, welcome);
        await after.AssertEchoAsync();
        Assert.False(upstream.Pending());

        var status = await setup.Edge.StatusAsync();
        Assert.InRange(status!.Value.GetProperty("ports")[0].GetProperty("blocked").GetProperty("denied").GetInt64(), 1, long.MaxValue);
        before.Dispose();
        await Eventually.IsTrueAsync(
            async () => (await ConnectionsAsync(setup, $"?address={unwelcome}"))
                .Select(record => record.GetProperty("action").GetString()).ToHashSet().SetEquals(["allowed", "blocked"]),
            "both the connection that ended and those turned away in the list");
        Assert.Empty(await ConnectionsAsync(setup, $"?address={welcome}&action=blocked"));
        var table = (await setup.Hub.RunAsync("connections", "--action", "blocked")).Succeeded().StandardOutput;
        Assert.Contains("denied", table);
        var stats = (await setup.Hub.RunAsync("streams", "--stats", "--json")).Succeeded().StandardOutput;
        var counters = JsonDocument.Parse(stats).RootElement.GetProperty("ports")[0];
        Assert.True(counters.GetProperty("listening").GetBoolean() && counters.GetProperty("healthy").GetBoolean(), stats);
        Assert.Equal((1, 2L), (counters.GetProperty("activeConnections").GetInt32(), counters.GetProperty("totalConnections").GetInt64()));
        Assert.Contains($"{welcome}:", (await setup.Hub.RunAsync("streams")).Succeeded().StandardOutput);
    }

    [Fact]
    public async Task Connections_of_one_address_are_limited_in_number_and_in_rate()
    {
        await using var setup = await TunnelSetup.StartAsync(tcp: 2, policies: (tcp, _) => new JsonObject
        {
            ["default"] = new JsonObject { ["proxyProtocol"] = "off" },
            [$"tcp/{tcp[0]}"] = new JsonObject { ["maxConnectionsPerIp"] = 2, ["maxConnections"] = 3 },
            [$"tcp/{tcp[1]}"] = new JsonObject { ["newConnectionsPerSecondPerIp"] = 1, ["newConnectionsBurst"] = 3 },
        });
        var (first, second) = (LoopbackAddresses.Next(), LoopbackAddresses.Next());
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var one = await OpenAsync(setup, upstream, setup.Tcp[0], first);
        using var two = await OpenAsync(setup, upstream, setup.Tcp[0], first);
        Assert.True(await IsResetAsync(setup, setup.Tcp[0], first));
        using var three = await OpenAsync(setup, upstream, setup.Tcp[0], second);
        Assert.True(await IsResetAsync(setup, setup.Tcp[0], second));

        // 20 clients come at once, at a burst of 3 and one a second: however slow this machine is, most are turned away.
        using var limited = setup.Listen(setup.Tcp[1]);
        var clock = Stopwatch.StartNew();
        var passed = 0;
        for (var i = 0; i < 20; i++)
        {
            if (!await IsResetAsync(setup, setup.Tcp[1], first, TimeSpan.FromMilliseconds(300)))
                passed++;
        }

        Assert.InRange(passed, 3, 4 + (int)clock.Elapsed.TotalSeconds);
        Assert.Equal(
            ["connectionRate", "maxConnections", "maxConnectionsPerIp"],
            (await setup.Edge.StatusAsync())!.Value.GetProperty("refused").EnumerateObject().Select(reason => reason.Name).Order());
    }

    [Fact]
    public async Task A_port_admits_fewer_clients_while_its_target_is_slow()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: (tcp, _) => new JsonObject
        {
            [$"tcp/{tcp[0]}"] = new JsonObject
            {
                ["proxyProtocol"] = "off",
                ["healthCheck"] = new JsonObject { ["type"] = "http", ["interval"] = 1 },
                ["adaptive"] = new JsonObject { ["evaluationInterval"] = 1, ["latencyThresholdMs"] = 50, ["minRate"] = 1, ["maxRate"] = 3 },
            },
        });
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var end = new CancellationTokenSource();
        var slow = AnswerSlowlyAsync(upstream, end.Token);
        await Eventually.IsTrueAsync(
            async () => (await setup.Hub.RunAsync("edge", "show", TunnelSetup.EdgeId)).StandardOutput.Contains(
                $"tcp/{setup.Tcp[0]}: admits 1 new connections a second, 3 at most: 95 of 100 connections to its targets took at most",
                StringComparison.Ordinal),
            "the rate falls", explain: () => setup.Hub.Process.Log);
        Assert.Contains("admits 1 new connections", (await setup.Hub.RunAsync("status")).Succeeded().StandardOutput);
        Assert.Contains("tunnel_port_admission_rate", (await setup.Hub.SendAsync(HttpMethod.Get, "metrics")).Body);

        // The edge enforces the rate of one a second: of clients that come at once the others are reset.
        var source = LoopbackAddresses.Next();
        await Eventually.IsTrueAsync(
            async () => await IsResetAsync(setup, setup.Tcp[0], source, TimeSpan.FromMilliseconds(100))
                && (await setup.Edge.StatusAsync())!.Value.GetProperty("refused").TryGetProperty("adaptive", out _),
            "a client is reset because of the rate");
        await end.CancelAsync();
        await slow;
    }

    private static async Task AnswerSlowlyAsync(TcpListener upstream, CancellationToken end)
    {
        try
        {
            while (true)
            {
                using var client = await upstream.AcceptSocketAsync(end);
                await client.ReceiveAsync(new byte[4096], end);
                await Task.Delay(100, end);
                await client.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), end);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The test has ended, or a client has.
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_balancer_in_front_of_the_edge_names_the_client(int version)
    {
        var balancerAddress = LoopbackAddresses.Next();
        await using var setup = await TunnelSetup.StartAsync(policies: (tcp, _) => new JsonObject
        {
            [$"tcp/{tcp[0]}"] =
                new JsonObject { ["acceptProxyProtocol"] = true, ["trustedProxies"] = new JsonArray(balancerAddress.ToString()) },
        });
        using var upstream = setup.Listen(setup.Tcp[0]);
        var front = new IPEndPoint(LoopbackAddresses.Next(), FreePorts.Next());
        await using var balancer = await HaproxyBalancer.StartAsync(
            setup.Directory, front, new IPEndPoint(setup.EdgeAddress, setup.Tcp[0]), balancerAddress, version);
        var source = LoopbackAddresses.Next();
        using var client = await Eventually.GetAsync(() => TryConnectAsync(front, source), "the balancer listens");
        await client.SendAllAsync("hello"u8.ToArray());

        using var server = await upstream.AcceptSocketAsync().WaitAsync(TimeSpan.FromSeconds(30));
        var expected = $"PROXY TCP4 {source} {front.Address} {((IPEndPoint)client.LocalEndPoint!).Port} {front.Port}\r\nhello";
        Assert.Equal(expected, Encoding.ASCII.GetString(await server.ReceiveExactlyAsync(expected.Length)));
        await server.SendAllAsync("world"u8.ToArray());
        Assert.Equal("world"u8.ToArray(), await client.ReceiveExactlyAsync(5));

        // A client that comes past the balancer is turned away, whether it forges a header or not.
        Assert.True(await IsResetAsync(setup, setup.Tcp[0], source));
        Assert.Equal(1, (await setup.Edge.StatusAsync())!.Value.GetProperty("refused").GetProperty("proxyNotTrusted").GetInt64());
    }

    [Fact]
    public async Task A_connection_in_which_nothing_passes_is_reset_and_one_that_talks_is_not()
    {
        await using var setup = await TunnelSetup.StartAsync(
            policies: (tcp, _) => Policy(tcp[0], new JsonObject { ["idleTimeout"] = 2, ["logConnections"] = true }));
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var silent = await setup.OpenAsync(upstream, setup.Tcp[0]);
        using var talking = await setup.OpenAsync(upstream, setup.Tcp[0]);

        var ends = Task.WhenAll(silent.Client.DrainAsync(), silent.Server.DrainAsync());
        while (await Task.WhenAny(ends, Task.Delay(TimeSpan.FromMilliseconds(200))) != ends)
            await talking.AssertEchoAsync();

        Assert.All(await ends, end => Assert.Equal((0L, StreamEnd.Reset), end));
        await talking.AssertEchoAsync();
        await Eventually.IsTrueAsync(
            async () => (await ConnectionsAsync(setup, "")).Any(record => record.GetProperty("reason").GetString() == "idleTimeout"),
            "the reason in the list");
    }

    [Theory]
    [InlineData("uploadRate")]
    [InlineData("downloadRate")]
    public async Task A_rate_holds_one_direction_back_and_not_the_other(string member)
    {
        const int rate = 500_000;
        await using var setup = await TunnelSetup.StartAsync(policies: (tcp, _) => Policy(tcp[0], new JsonObject { [member] = rate }));
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var pair = await setup.OpenAsync(upstream, setup.Tcp[0]);
        var (from, to) = member == "uploadRate" ? (pair.Client, pair.Server) : (pair.Server, pair.Client);
        var data = new byte[3 * rate / 2];
        Random.Shared.NextBytes(data);

        var clock = Stopwatch.StartNew();
        var sending = from.SendAllAsync(data);
        Assert.Equal(data, await to.ReceiveExactlyAsync(data.Length));
        await sending;

        // A slow machine makes it later; nothing may make it earlier than the rate and the bucket's quarter of a second.
        Assert.InRange(clock.Elapsed.TotalSeconds, (1.5 * 0.95) - 0.25, double.MaxValue);
        await to.SendAllAsync(data);
        Assert.Equal(data, await from.ReceiveExactlyAsync(data.Length));
    }

    [Fact]
    public async Task A_port_is_bound_where_its_policy_says_and_not_at_all_when_it_is_disabled()
    {
        var (one, other) = (LoopbackAddresses.Next(), LoopbackAddresses.Next());
        await using var setup = await TunnelSetup.StartAsync(
            edgeAddress: IPAddress.Any, policies: (tcp, _) => Policy(tcp[0], new JsonObject { ["bindAddress"] = one.ToString() }));
        var port = setup.Tcp[0];
        using var client = await TryConnectAsync(new IPEndPoint(one, port), one);
        Assert.NotNull(client);
        Assert.Null(await TryConnectAsync(new IPEndPoint(other, port), one));

        await setup.Hub.PutEdgeAsync(
            TunnelSetup.EdgeId, setup.Tcp, [], Policy(port, new JsonObject { ["bindAddress"] = other.ToString() }));
        using var moved = await Eventually.GetAsync(
            () => TryConnectAsync(new IPEndPoint(other, port), one), "the port at its other address");
        Assert.Null(await TryConnectAsync(new IPEndPoint(one, port), one));

        await setup.Hub.PutEdgeAsync(TunnelSetup.EdgeId, setup.Tcp, [], Policy(port, new JsonObject { ["enabled"] = false }));
        await setup.Edge.WaitForPortsAsync([], []);
        Assert.Null(await TryConnectAsync(new IPEndPoint(other, port), one));
    }

    [Fact]
    public async Task Denied_datagrams_reach_nobody()
    {
        var (welcome, unwelcome) = (LoopbackAddresses.Next(), LoopbackAddresses.Next());
        await using var setup = await TunnelSetup.StartAsync(tcp: 0, udp: 1, policies: (_, udp) => new JsonObject
        {
            [$"udp/{udp[0]}"] = new JsonObject { ["udpProxyProtocol"] = "off", ["allowCidrs"] = new JsonArray(welcome.ToString()) },
        });
        using var upstream = new UdpClient(new IPEndPoint(setup.TargetAddress, setup.Udp[0]));
        using var denied = new UdpClient(new IPEndPoint(unwelcome, 0));
        using var allowed = new UdpClient(new IPEndPoint(welcome, 0));
        var edge = new IPEndPoint(setup.EdgeAddress, setup.Udp[0]);

        await denied.SendAsync("no"u8.ToArray(), edge);
        await Eventually.IsTrueAsync(
            async () => (await setup.Edge.StatusAsync())!.Value.GetProperty("refused").TryGetProperty("denied", out _),
            "the datagram is turned away");
        await allowed.SendAsync("yes"u8.ToArray(), edge);
        Assert.Equal("yes"u8.ToArray(), (await upstream.ReceiveAsync().WaitAsync(TimeSpan.FromSeconds(10))).Buffer);
    }

    // There is no PROXY header towards the upstream, so that tests see what was sent.
    private static JsonObject Policy(int port, JsonObject policy)
    {
        policy["proxyProtocol"] = "off";
        return new JsonObject { [$"tcp/{port}"] = policy };
    }

    /// <summary>Changes the policies, and waits until the edge has applied them.</summary>
    private static async Task PushAsync(TunnelSetup setup, JsonObject policies)
    {
        var before = (await setup.Hub.ConnectedEdgeAsync(TunnelSetup.EdgeId))!.Value.GetProperty("rev").GetInt64();
        await setup.Hub.PutEdgeAsync(TunnelSetup.EdgeId, setup.Tcp, setup.Udp, policies);
        await Eventually.IsTrueAsync(
            async () => (await setup.Hub.ConnectedEdgeAsync(TunnelSetup.EdgeId))!.Value.TryGetProperty("appliedRev", out var applied)
                && applied.GetInt64() > before,
            "the edge has applied the push");
    }

    private static async Task<IReadOnlyList<JsonElement>> ConnectionsAsync(TunnelSetup setup, string query) =>
        [.. (await setup.Hub.SendAsync(HttpMethod.Get, $"api/v1/connections{query}")).Json().GetProperty("connections").EnumerateArray()];

    private static async Task<StreamPair> OpenAsync(TunnelSetup setup, TcpListener upstream, int port, IPAddress source)
    {
        var client = await TryConnectAsync(new IPEndPoint(setup.EdgeAddress, port), source);
        Assert.NotNull(client);
        return new StreamPair(client, await upstream.AcceptSocketAsync().WaitAsync(TimeSpan.FromSeconds(30)));
    }

    /// <summary>Connects from an address; null when nobody listens, or the connection is reset at once.</summary>
    private static async Task<Socket?> TryConnectAsync(IPEndPoint target, IPAddress source)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(source, 0));
            await socket.ConnectAsync(target).WaitAsync(TimeSpan.FromSeconds(30));
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>Returns whether a client is turned away; one that is still in after a while is not.</summary>
    private static async Task<bool> IsResetAsync(TunnelSetup setup, int port, IPAddress source, TimeSpan? patience = null)
    {
        using var client = await TryConnectAsync(new IPEndPoint(setup.EdgeAddress, port), source);
        if (client is null)
            return true;
        using var limit = new CancellationTokenSource(patience ?? TimeSpan.FromSeconds(2));
        try
        {
            await client.ReceiveAsync(new byte[1], SocketFlags.None, limit.Token);
            return false;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
