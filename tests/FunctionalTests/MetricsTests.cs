using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Prometheus and an OpenTelemetry collector get to see the metrics.</summary>
public sealed class MetricsTests
{
    private static readonly string[] OfBoth =
    [
        "tunnel_tunnels", "tunnel_tunnels_lost_total", "tunnel_tunnels_resumed_total", "tunnel_streams_active",
        "tunnel_streams_opened_total", "tunnel_io_bytes_total", "tunnel_rtt_seconds", "tunnel_flow_stall_seconds_total",
        "tunnel_queue_size_bytes", "tunnel_queue_flows", "tunnel_sessions_active", "tunnel_datagrams_total",
        "tunnel_datagrams_dropped_total",
        "tunnel_memory_used_bytes", "tunnel_memory_limit_bytes", "tunnel_tcp_memory_used_bytes", "tunnel_tcp_memory_limit_bytes",
        "tunnel_descriptors_used", "tunnel_descriptors_limit", "tunnel_events_dropped_total", "tunnel_timers_active",
        "tunnel_heap_used_bytes",
        "tunnel_build_info{version=", "process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
        "process_start_time_seconds", "process_open_fds", "process_max_fds", "process_threads",
    ];

    private static readonly string[] OfTheHub =
    [
        "tunnel_edges_connected", "tunnel_auth_failures_total", "tunnel_config_pushes_total", "tunnel_config_apply_duration_seconds_count",
        "tunnel_streams_failed_total", "tunnel_connections_refused_total", "tunnel_edge_last_seen_timestamp_seconds{",
        "tunnel_certificate_expiry_timestamp_seconds{certificate=\"present\"}",
    ];

    [Fact]
    public async Task Both_services_are_scraped_with_what_was_carried_and_promtool_finds_no_fault()
    {
        await using var setup = await TunnelSetup.StartAsync(tcp: 2, policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);
        await open.AssertEchoAsync();
        using (var stranger = await TunnelPeer.ConnectAsync(setup.Hub.EndPoint))
        {
            await stranger.SendAsync("EDGE nobody a-secret-that-is-wrong\n");
            await stranger.ReadLineAsync();
        }

        await setup.Hub.AddEdgeAsync("down", [setup.Tcp[1], setup.Tcp[1] + 1], []);
        await setup.Hub.PutEdgeAsync(TunnelSetup.EdgeId, setup.Tcp[..1], [], TunnelSetup.WithoutHeader([], []));
        await setup.Edge.WaitForPortsAsync(setup.Tcp[..1], []);

        using var hubClient = new AdminClient("tunnel-hub", setup.Hub.AdminSocket);
        using var edgeClient = new AdminClient("tunnel-edge", setup.Edge.AdminSocket);
        // A report and a round trip may take a moment more.
        await Eventually.IsTrueAsync(
            async () => await ScrapeAsync(hubClient) is var text && Value(text, "tunnel_config_apply_duration_seconds_count") == 1
                && text.Contains("tunnel_rtt_seconds{"),
            "the push to be measured");
        await Eventually.IsTrueAsync(async () => (await ScrapeAsync(edgeClient)).Contains("tunnel_rtt_seconds"), "the edge's round trip");
        var hub = await ScrapeAsync(hubClient);
        var edge = await ScrapeAsync(edgeClient);

        Assert.All(OfBoth.Concat(OfTheHub), name => Assert.Contains($"\n{name}", hub));
        Assert.All(OfBoth.Concat(["tunnel_connected", "tunnel_hub_connected{", "tunnel_firewall_state{"]), name =>
            Assert.Contains($"\n{name}", edge));
        Assert.Equal(1, Value(hub, $"tunnel_streams_active{{edge=\"{TunnelSetup.EdgeId}\"}}"));
        Assert.Equal(32, Value(hub, $"tunnel_io_bytes_total{{edge=\"{TunnelSetup.EdgeId}\",direction=\"in\"}}"));
        Assert.Equal(
            32,
            Value(
                hub,
                $"tunnel_port_io_bytes_total{{edge=\"{TunnelSetup.EdgeId}\",port=\"{setup.Tcp[0]}\",proto=\"tcp\",direction=\"in\"}}"));
        Assert.Equal(32, Value(edge, "tunnel_io_bytes_total{direction=\"out\"}"));
        Assert.Equal(1, Value(hub, "tunnel_auth_failures_total{reason=\"unauthorized\"}"));
        Assert.Equal(1, Value(edge, "tunnel_connected"));
        Assert.Equal(1, Value(hub, $"tunnel_edge_connected{{edge=\"{TunnelSetup.EdgeId}\"}}"));
        Assert.Equal(0, Value(hub, "tunnel_edge_connected{edge=\"down\"}"));
        Assert.Equal(1, Value(hub, "tunnel_edge_state{edge=\"down\",state=\"neverSeen\"}"));
        Assert.Equal(2, Value(hub, "tunnel_edge_ports{edge=\"down\",proto=\"tcp\",state=\"wanted\"}"));
        Assert.Equal(1, Value(hub, $"tunnel_port_bound{{edge=\"{TunnelSetup.EdgeId}\",port=\"{setup.Tcp[0]}\",proto=\"tcp\"}}"));
        Assert.Contains("tunnel_port_bound{edge=\"down\"", hub);
        foreach (var text in new[] { hub, edge })
        {
            var check = await ManagedProcess.RunAsync(DebianProgram.Promtool, ["check", "metrics"], text);
            Assert.True(check.ExitCode == 0, $"{check.StandardOutput}{check.StandardError}\n{text}");
        }
    }

    [Fact]
    public async Task An_edge_answers_metrics_and_health_over_TCP_and_nothing_else()
    {
        var port = FreePorts.Next();
        await using var setup = await TunnelSetup.StartAsync(
            edgeArguments: ["--metrics-listen", port.ToString(CultureInfo.InvariantCulture)]);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
        Assert.Contains("\ntunnel_connected 1\n", await http.GetStringAsync("metrics", TestContext.Current.CancellationToken));
        Assert.Equal("ok\n", await http.GetStringAsync("healthz", TestContext.Current.CancellationToken));
        Assert.Equal("ready\n", await http.GetStringAsync("readyz", TestContext.Current.CancellationToken));
        foreach (var (path, status) in new[] { ("metrics", 200), ("healthz", 200), ("readyz", 200), ("api/v1/status", 404), ("", 404) })
        {
            using var head = new HttpRequestMessage(HttpMethod.Head, path);
            using var answer = await http.SendAsync(head, TestContext.Current.CancellationToken);
            Assert.Equal(status, (int)answer.StatusCode);
            Assert.Empty(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task Both_services_push_to_a_collector()
    {
        using var collector = new MetricsCollector();
        await using var setup = await TunnelSetup.StartAsync(
            policies: TunnelSetup.WithoutHeader,
            hubSettings: new JsonObject { ["otlpEndpoint"] = collector.Endpoint, ["otlpInterval"] = 1 });
        var token = await setup.Hub.AddEdgeAsync("pushing", [], []);
        var config = Path.Combine(setup.Directory, "pushing.json");
        await File.WriteAllTextAsync(
            config, new JsonObject { ["otlpEndpoint"] = collector.Endpoint + "/own/path", ["otlpInterval"] = 1 }.ToJsonString());
        await using var edge = EdgeProcess.Start(setup.Directory, token, LoopbackAddresses.Next(), "--config", config);

        await Eventually.IsTrueAsync(
            () => Task.FromResult(
                Has("/v1/metrics", "tunnel-hub", "tunnel.edges.connected") && Has("/own/path", "tunnel-edge", "tunnel.connected")),
            "both to push",
            explain: () => $"{setup.Hub.Process.Log}\n{edge.Process.Log}");
        Assert.All(collector.Requests, request => Assert.Equal("application/x-protobuf", request.ContentType));

        bool Has(string path, string service, string instrument) => collector.Requests.Any(request =>
            request.Path == path && Encoding.Latin1.GetString(request.Body) is var body && body.Contains(service)
                && body.Contains(instrument));
    }

    [Fact]
    public async Task A_collector_that_is_not_there_is_told_in_the_log()
    {
        await using var setup = await TunnelSetup.StartAsync(
            hubSettings: new JsonObject { ["otlpEndpoint"] = $"http://127.0.0.1:{FreePorts.Next()}", ["otlpInterval"] = 1 });
        await setup.Hub.Process.WaitForLineAsync("Metrics could not be pushed to");
    }

    private static async Task<string> ScrapeAsync(AdminClient client)
    {
        var answer = await client.GetAsync("metrics", TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccess, answer.Body);
        return answer.Body;
    }

    private static double Value(string text, string series) =>
        text.Split('\n').FirstOrDefault(line => line.StartsWith(series + " ", StringComparison.Ordinal)) is { } line
            ? double.Parse(line[(series.Length + 1)..], CultureInfo.InvariantCulture)
            : double.NaN;
}
