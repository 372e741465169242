using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Events;
using Tunnel.Edge.Status;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Edge.UnitTests.PublicAddress;
using Tunnel.Edge.UnitTests.Tcp;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests;

/// <summary>The whole edge with real sockets in front of a fake hub.</summary>
public sealed class TunnelEdgeTests : IAsyncDisposable
{
    private static readonly TunnelEdgeOptions Options = new()
    {
        HubHost = "127.0.0.1",
        EdgeId = "edge-1",
        Secret = "a-secret-of-the-edge",
        BindAddress = IPAddress.Loopback,
    };

    private readonly ManualTimeProvider _time = new();
    private readonly FakeDialer _dialer = new();
    private readonly TunnelEdge _edge;

    public TunnelEdgeTests() => _edge = new TunnelEdge(Options, NullLoggerFactory.Instance, _time, _dialer);

    public ValueTask DisposeAsync() => _edge.DisposeAsync();

    [Fact]
    public async Task Starting_does_not_wait_for_the_hub()
    {
        await _edge.StartAsync();
        var status = _edge.GetStatus();
        Assert.True(status.Running);
        Assert.False(status.Connected);
        Assert.Equal("127.0.0.1:8443", status.Hub);
        await Assert.ThrowsAsync<InvalidOperationException>(() => _edge.StartAsync());
    }

    [Fact]
    public async Task A_run_that_was_cut_off_is_told_by_the_next_one_and_no_other()
    {
        var state = Directory.CreateTempSubdirectory("tunnel-edge-state-");
        try
        {
            var options = Options with { StateDirectory = state.FullName, Firewall = FirewallMode.Off };
            var marker = Path.Combine(state.FullName, CrashRecovery.MarkerOf(options));
            await File.WriteAllTextAsync(marker, "2026-01-01T00:00:00Z");
            var told = new TaskCompletionSource<CrashRecoveredEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
            await using (var edge = new TunnelEdge(options, NullLoggerFactory.Instance, _time, new FakeDialer()))
            {
                edge.CrashRecovered += (_, recovered) => told.TrySetResult(recovered);
                await edge.StartAsync();
                Assert.Equal(2026, (await told.Task.Soon()).PreviousStart?.Year);
                Assert.Equal((2026, null), (edge.GetStatus().Crash?.PreviousStart?.Year, edge.GetStatus().Crash?.Error));
                Assert.True(File.Exists(marker));
            }

            Assert.False(File.Exists(marker));
        }
        finally
        {
            state.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_second_edge_on_the_same_state_is_told_who_has_it()
    {
        var state = Directory.CreateTempSubdirectory("tunnel-edge-state-");
        try
        {
            var options = Options with { StateDirectory = state.FullName, Firewall = FirewallMode.Off };
            await using (new TunnelEdge(options, NullLoggerFactory.Instance, _time, new FakeDialer()))
            {
                // An edge with another id is refused as well: the two would overwrite each other's pins.
                var refused = Assert.Throws<OperatorException>(
                    () => new TunnelEdge(options with { EdgeId = "other" }, NullLoggerFactory.Instance, _time, new FakeDialer()));
                Assert.Contains($"is in use by process {Environment.ProcessId}, since ", refused.Message, StringComparison.Ordinal);
            }

            await using var next = new TunnelEdge(options, NullLoggerFactory.Instance, _time, new FakeDialer());
        }
        finally
        {
            state.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_crash_is_told_with_what_is_left_of_it_and_an_end_in_order_is_none()
    {
        var state = Directory.CreateTempSubdirectory("tunnel-edge-state-");
        try
        {
            var options = Options with { StateDirectory = state.FullName };
            var observer = new CrashObserver();
            foreach ((var error, var endsInOrder) in new[] { (null, false), ("the table is still there", true), ((string?)null, true) })
            {
                var run = new CrashRecovery(options, observer, _time, NullLogger.Instance);
                run.Begin(replaces: false);
                run.Note(error);
                if (endsInOrder)
                    run.End();
            }

            // The first start had no other before it, the second follows a run that was cut off, the third one that ended in order.
            Assert.Equal([new CrashRecoveryFailedEvent("the table is still there", _time.GetUtcNow())], observer.Told);
            // A run of another edge with the same state is none of this edge's.
            Assert.NotEqual(CrashRecovery.MarkerOf(options), CrashRecovery.MarkerOf(options with { EdgeId = "edge-2" }));
        }
        finally
        {
            state.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task It_is_alive_from_the_start_on()
    {
        Assert.NotNull(await _edge.FindFaultAsync());
        await _edge.StartAsync();
        Assert.Null(await _edge.FindFaultAsync().Soon());
    }

    [Fact]
    public async Task An_accept_loop_that_hangs_is_a_fault_until_it_goes_on()
    {
        var port = FreePort();
        var tunnel = await ConnectAsync(port);
        using var gate = new ManualResetEventSlim();
        tunnel.BeforeOpen = gate.Wait;
        using var first = await ListenerFixture.ConnectAsync(IPAddress.Loopback, port);
        using var second = await ListenerFixture.ConnectAsync(IPAddress.Loopback, port);
        try
        {
            await Eventually.IsTrueAsync(
                () =>
                {
                    _time.Advance(AcceptWatch.Limit);
                    return _edge.FindFaultAsync().Result == $"tcp/{port}: clients wait, and none was accepted for 3 s";
                },
                "the fault");
        }
        finally
        {
            gate.Set();
        }

        await tunnel.NextStreamAsync();
        await tunnel.NextStreamAsync();
        Assert.Null(await _edge.FindFaultAsync().Soon());
    }

    [Fact]
    public async Task The_first_dial_says_who_this_is()
    {
        await _edge.StartAsync();
        var request = (await _dialer.NextAsync()).Request;
        Assert.Equal(("edge-1", Options.Secret), (request.EdgeId, request.Secret));
        Assert.Matches("^[0-9a-f]{32}$", request.Hello.Instance);
    }

    [Fact]
    public async Task A_client_is_carried_and_everything_is_told()
    {
        var connected = new TaskCompletionSource<TunnelConnectedEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
        var assigned = new TaskCompletionSource<PortsEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
        var opened = new TaskCompletionSource<StreamOpenedEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
        var closed = new TaskCompletionSource<StreamClosedEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
        _edge.TunnelConnected += (_, args) => connected.SetResult(args);
        _edge.PortsAssigned += (_, args) => assigned.SetResult(args);
        _edge.StreamOpened += (_, args) => opened.SetResult(args);
        _edge.StreamClosed += (_, args) => closed.SetResult(args);
        _edge.TunnelConnected += (_, _) => throw new InvalidOperationException("a subscriber's fault is its own");
        var port = FreePort();

        var tunnel = await ConnectAsync(port);
        using var client = await ListenerFixture.ConnectAsync(IPAddress.Loopback, port);
        var stream = await tunnel.NextStreamAsync();
        stream.Stream.BytesSent = 5;
        stream.Stream.End(new StreamEnd(StreamEndSide.Remote, Tunnel.Shared.Protocol.ResetReason.Refused));

        Assert.Equal("tcpTls", (await connected.Task.Soon()).Transport);
        Assert.Equal([port], (await assigned.Task.Soon()).ListenPorts);
        Assert.Equal((IPEndPoint)client.LocalEndPoint!, (await opened.Task.Soon()).Client);
        var end = await closed.Task.Soon();
        Assert.Equal((port, 5L, false, "Remote: Refused"), (end.Port, end.BytesIn, end.Completed, end.Reason));

        tunnel.Counters = new TunnelCounters { BytesSent = 5, BytesReceived = 7 };
        var status = _edge.GetStatus();
        Assert.Equal((true, "tcpTls", 5L, 7L), (status.Connected, status.Transport, status.BytesIn, status.BytesOut));
        Assert.Equal([port], status.ListenPorts);
        Assert.Equal(port, Assert.Single(status.Ports).Port);
        Assert.Empty(_edge.GetShortStatus().Ports);
    }

    [Fact]
    public async Task A_tunnel_that_is_lost_and_goes_on_is_told()
    {
        var lost = new TaskCompletionSource<TunnelLostEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
        var resumed = new TaskCompletionSource<TunnelResumedEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
        _edge.TunnelLost += (_, args) => lost.SetResult(args);
        _edge.TunnelResumed += (_, args) => resumed.SetResult(args);
        await _edge.StartAsync();
        var dial = await _dialer.NextAsync();
        var tunnel = new FakeTunnel { ActiveStreams = 3 };
        dial.Connect(tunnel);
        await Eventually.IsTrueAsync(() => _edge.GetStatus().Connected, "the tunnel");

        Assert.True(dial.Request.Handler.OnLost(tunnel, new TunnelEnd(TunnelEndKind.ConnectionLost, "cut")));
        var first = await lost.Task.Soon();
        Assert.Equal((tunnel.RemoteEndPoint, "ConnectionLost: cut", 3), (first.Hub, first.Reason, first.Streams));
        Assert.NotNull(_edge.GetStatus().LostSince);

        dial.Request.Handler.OnResumed(tunnel, new TunnelResumed(3, 77, TimeSpan.FromSeconds(2)));
        var second = await resumed.Task.Soon();
        Assert.Equal(
            (tunnel.RemoteEndPoint, 3, 77L, TimeSpan.FromSeconds(2)), (second.Hub, second.Streams, second.BytesAgain, second.LostFor));
        Assert.Null(_edge.GetStatus().LostSince);
    }

    [Fact]
    public async Task Stopping_closes_the_ports_says_goodbye_and_waits_for_the_streams()
    {
        var port = FreePort();
        var tunnel = await ConnectAsync(port);

        var stopping = _edge.StopAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(GoAway.Shutdown, await tunnel.NextGoAwayAsync());
        await Assert.ThrowsAsync<SocketException>(() => ListenerFixture.ConnectAsync(IPAddress.Loopback, port));
        Assert.False(stopping.IsCompleted);
        Assert.False(_edge.GetStatus().Running);
        Assert.Null(await _edge.FindFaultAsync().Soon());
        Assert.Equal("the edge is stopping", await _edge.FindUnreadinessAsync().Soon());
        tunnel.FinishStreams();
        await stopping.Soon();
    }

    [Fact]
    public async Task A_protected_port_is_reported_and_not_bound()
    {
        await _edge.StartAsync();
        var tunnel = new FakeTunnel();
        (await _dialer.NextAsync()).Connect(tunnel, new TunnelConfig { ListenPorts = [22] });
        var failed = Assert.Single((await tunnel.NextReportAsync()).Failed);
        Assert.Equal(22, failed.Port);
        Assert.Contains("protected", failed.Error);
        Assert.Equal(22, Assert.Single(_edge.GetStatus().FailedPorts).Port);
    }

    [Fact]
    public async Task The_public_address_is_told_to_everybody()
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var edge = new TunnelEdge(
            Options with { StunServers = [new DnsEndPoint("127.0.0.1", ((IPEndPoint)server.LocalEndPoint!).Port)] },
            NullLoggerFactory.Instance, _time, _dialer);
        var discovered = new TaskCompletionSource<PublicIpDiscoveredEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
        edge.PublicIpDiscovered += (_, args) => discovered.SetResult(args);
        await edge.StartAsync();
        var dial = await _dialer.NextAsync();
        Assert.Null(dial.Request.Hello.PublicIp);
        var tunnel = new FakeTunnel();
        dial.Connect(tunnel, new TunnelConfig());
        Assert.Equal(Report.ConfigApplied, (await tunnel.NextReportAsync()).Kind);

        var request = new byte[100];
        var received = await server.ReceiveFromAsync(request, new IPEndPoint(IPAddress.Any, 0)).Soon();
        var id = request[8..20];
        await server.SendToAsync(
            StunAnswers.Message(0x0101, id, StunAnswers.XorAddress(new IPEndPoint(IPAddress.Parse("192.0.2.77"), 1), id)),
            received.RemoteEndPoint);

        var report = await tunnel.NextReportAsync();
        Assert.Equal((Report.PublicAddress, "192.0.2.77", null), (report.Kind, report.PublicIp, report.PublicIpv6));
        Assert.Equal(IPAddress.Parse("192.0.2.77"), (await discovered.Task.Soon()).PublicIp);
        Assert.Equal("192.0.2.77", edge.GetStatus().PublicIp);
        tunnel.Lose();
        await Eventually.IsTrueAsync(() => edge.GetStatus().NextAttempt is not null, "the next try is due");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("192.0.2.77", (await _dialer.NextAsync()).Request.Hello.PublicIp);
    }

    [Fact]
    public async Task The_status_is_JSON_in_camelCase_without_the_secret()
    {
        await _edge.StartAsync();
        var json = JsonSerializer.Serialize(_edge.GetStatus(), EdgeJsonContext.Default.EdgeStatus);
        using var document = JsonDocument.Parse(json);
        Assert.True(document.RootElement.GetProperty("running").GetBoolean());
        Assert.Equal(JsonValueKind.Array, document.RootElement.GetProperty("listenPorts").ValueKind);
        Assert.Equal(0, document.RootElement.GetProperty("activeStreams").GetInt32());
        Assert.DoesNotContain(Options.Secret, json);
        Assert.DoesNotContain(Options.Secret, Options.ToString());
    }

    [Fact]
    public async Task A_host_starts_and_stops_it()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddTunnelEdge(Options with { HubPort = 1 });
        await using var provider = services.BuildServiceProvider();
        var hosted = Assert.Single(provider.GetServices<IHostedService>());
        var edge = provider.GetRequiredService<TunnelEdge>();
        await hosted.StartAsync(CancellationToken.None);
        Assert.True(edge.GetStatus().Running);
        await hosted.StopAsync(CancellationToken.None);
        Assert.False(edge.GetStatus().Running);
    }

    private async Task<FakeTunnel> ConnectAsync(int port)
    {
        await _edge.StartAsync();
        var tunnel = new FakeTunnel();
        (await _dialer.NextAsync()).Connect(tunnel, new TunnelConfig { ListenPorts = [port] });
        Assert.Empty((await tunnel.NextReportAsync()).Failed);
        return tunnel;
    }

    /// <summary>Finds a free number, since the hub assigns numbers: nothing else here asks the kernel for this address meanwhile.</summary>
    private static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    private sealed class CrashObserver : ICrashObserver
    {
        public List<object> Told { get; } = [];

        public void OnCrashRecovered(CrashRecoveredEvent recovered) => Told.Add(recovered);

        public void OnCrashRecoveryFailed(CrashRecoveryFailedEvent failed) => Told.Add(failed);
    }
}
