using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Events;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.EndToEnd;

/// <summary>A whole hub in this process, with a real transport, real sockets and real files.</summary>
public sealed class TunnelHubTests : IAsyncLifetime
{
    private const string Secret = "a-secret-of-the-edge";
    private readonly TemporaryDirectory _directory = new();
    private readonly Socket _upstream = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _upstreamUdp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly TunnelHub _hub;

    public TunnelHubTests()
    {
        _upstream.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _upstream.Listen(512);
        _upstreamUdp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _hub = new TunnelHub(Options(), NullLoggerFactory.Instance);
    }

    public async ValueTask InitializeAsync() => await _hub.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _upstream.Dispose();
        _upstreamUdp.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Carries_a_stream_both_ways_and_ends_it_in_order()
    {
        await using var edge = await DialedEdge.ConnectAsync(_hub, "a", Secret, "one");
        using var client = await edge.OpenStreamAsync(80);
        using var clientReader = new StreamReader(new NetworkStream(client));
        await client.SendAsync("hello"u8.ToArray());
        client.Shutdown(SocketShutdown.Send);

        using var upstream = await _upstream.AcceptAsync();
        using var reader = new StreamReader(new NetworkStream(upstream));
        Assert.Equal("PROXY TCP4 203.0.113.7 198.51.100.1 40000 80\r\nhello", await reader.ReadToEndAsync().WaitAsync(Patience.Limit));
        await upstream.SendAsync("world"u8.ToArray());
        upstream.Shutdown(SocketShutdown.Send);
        Assert.Equal("world", await clientReader.ReadToEndAsync().WaitAsync(Patience.Limit));
        await edge.Tunnel.WaitForStreamsAsync(CancellationToken.None).WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task A_hub_that_drains_is_well_but_not_ready()
    {
        await using var edge = await DialedEdge.ConnectAsync(_hub, "a", Secret, "one");
        using var client = await edge.OpenStreamAsync(80);
        using var upstream = await _upstream.AcceptAsync();
        Assert.Null(await _hub.FindUnreadinessAsync());
        var stopping = _hub.StopAsync(TimeSpan.FromMinutes(1));
        await Eventually.IsTrueAsync(async () => await _hub.FindUnreadinessAsync() == "it is stopping", "the stop");
        Assert.Null(await _hub.FindFaultAsync());
        client.Dispose();
        upstream.Dispose();
        await stopping.WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task What_operators_change_is_told_by_events_with_who_and_how_long()
    {
        var changes = Channel.CreateUnbounded<HubEvent>();
        _hub.EdgesChanged += (_, change) => changes.Writer.TryWrite(change);
        _hub.SourceBlocked += (_, change) => changes.Writer.TryWrite(change);
        _hub.SourceUnblocked += (_, change) => changes.Writer.TryWrite(change);
        Assert.True(IpRange.TryParse("192.0.2.0/24", out var source, out _));

        await _hub.Edges!.AddAsync(new EdgeDefinition { Id = "new", Secret = Secret }, default);
        // The edge that was there from the start may be told of late: before this one, or together with it.
        var added = Assert.IsType<EdgesChangedEvent>(await NextAsync());
        if (!added.AddedIds.Contains("new"))
            added = Assert.IsType<EdgesChangedEvent>(await NextAsync());
        Assert.Contains("new", added.AddedIds);
        Assert.Equal((added.AddedIds.Length, 0, 0), (added.Added, added.Updated, added.Removed));
        await _hub.Edges.RemoveAsync("new", default);
        Assert.Equal(["new"], Assert.IsType<EdgesChangedEvent>(await NextAsync()).RemovedIds);

        await _hub.Blocks!.AddAsync(source, TimeSpan.FromMinutes(1), ["a"], "scanner", default);
        var blocked = Assert.IsType<SourceBlockedEvent>(await NextAsync());
        Assert.Equal(("192.0.2.0/24", "scanner", "a"), (blocked.Ip, blocked.Reason, Assert.Single(blocked.Edges)));
        await _hub.Blocks.RemoveAsync(source, default);
        Assert.Equal("192.0.2.0/24", Assert.IsType<SourceUnblockedEvent>(await NextAsync()).Ip);

        async Task<HubEvent> NextAsync() => await changes.Reader.ReadAsync().AsTask().WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task A_second_hub_on_the_same_state_is_told_who_has_it_and_touches_nothing()
    {
        var marker = await File.ReadAllTextAsync(_directory.File("running"));
        await using (var second = new TunnelHub(Options(), NullLoggerFactory.Instance))
        {
            var refused = await Assert.ThrowsAsync<OperatorException>(() => second.StartAsync());
            Assert.Contains($"is in use by process {Environment.ProcessId}, since ", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal(marker, await File.ReadAllTextAsync(_directory.File("running")));

        // A stop releases the port, and so does a start that failed.
        await _hub.StopAsync(TimeSpan.Zero);
        var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        await using (
            var third = new TunnelHub(
                Options() with { BindAddress = "127.0.0.1", TunnelPort = ((IPEndPoint)taken.LocalEndPoint!).Port },
                NullLoggerFactory.Instance))
        {
            await Assert.ThrowsAsync<OperatorException>(() => third.StartAsync());
        }

        taken.Dispose();
        await _hub.StartAsync();
    }

    [Fact]
    public async Task What_a_client_sends_while_its_upstream_is_dialled_is_not_lost()
    {
        await using var edge = await DialedEdge.ConnectAsync(_hub, "a", Secret, "one");
        var clients = Enumerable.Range(0, 200).Select(async i =>
        {
            using var client = await edge.OpenStreamAsync(80);
            await client.SendAsync(BitConverter.GetBytes(i));
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, await client.ReceiveAsync(new byte[1]).WaitAsync(Patience.Limit));
        }).ToArray();

        var received = new HashSet<int>();
        for (var i = 0; i < clients.Length; i++)
        {
            using var upstream = await _upstream.AcceptAsync().WaitAsync(Patience.Limit);
            using var all = new MemoryStream();
            await new NetworkStream(upstream).CopyToAsync(all).WaitAsync(Patience.Limit);
            received.Add(BitConverter.ToInt32(all.ToArray().AsSpan(^4..)));
            upstream.Shutdown(SocketShutdown.Send);
        }

        await Task.WhenAll(clients);
        Assert.Equal(Enumerable.Range(0, 200), received.Order());
    }

    [Fact]
    public async Task Carries_datagrams_both_ways()
    {
        await using var edge = await DialedEdge.ConnectAsync(_hub, "a", Secret, "one");
        var session = edge.OpenSession(53);
        session.Send("question"u8);

        var buffer = new byte[1000];
        var received = await _upstreamUdp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0)).WaitAsync(Patience.Limit);
        Assert.Equal("question", Encoding.ASCII.GetString(buffer, 28, received.ReceivedBytes - 28));
        await _upstreamUdp.SendToAsync("answer"u8.ToArray(), received.RemoteEndPoint);
        Assert.Equal("answer", Encoding.ASCII.GetString(await edge.NextReplyAsync()));
        Assert.Equal(1, _hub.GetStatus().ActiveSessions);
    }

    [Theory]
    [InlineData(81)] // The upstream refuses there.
    [InlineData(22)] // This port is not assigned.
    public async Task A_client_that_can_not_be_served_is_reset(int port)
    {
        await using var edge = await DialedEdge.ConnectAsync(_hub, "a", Secret, "one");
        var upstream = _upstream.LocalEndPoint!;
        _upstream.Dispose();
        // The socket is bound and does not listen, so that nobody else gets the port meanwhile.
        using var holder = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        holder.Bind(upstream);
        using var client = await edge.OpenStreamAsync(port);

        var error = await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(new byte[1]).WaitAsync(Patience.Limit));
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        Assert.Equal(1, _hub.GetStatus().StreamFailures[port == 22 ? "portNotAssigned" : "refused"]);
    }

    [Fact]
    public async Task Pushes_changes_and_disconnects_who_is_allowed_no_longer()
    {
        await using var edge = await DialedEdge.ConnectAsync(_hub, "a", Secret, "one");
        Assert.True((await _hub.UpdateAllowedEdgesAsync([new EdgeDefinition { Id = "a", ListenPorts = [8080] }])).Succeeded);
        var pushed = await edge.NextConfigAsync();
        Assert.Equal([8080], pushed.ListenPorts);
        Assert.Equal(2, pushed.Hub!.Rev);

        Assert.True((await _hub.UpdateAllowedEdgesAsync([])).Succeeded);
        await edge.Tunnel.Completion.WaitAsync(Patience.Limit);
        Assert.Equal(DialFailureKind.Unauthorized, (await new DialedEdge().DialAsync(_hub, "a", Secret, "one")).Failure?.Kind);
    }

    [Fact]
    public async Task A_second_process_with_the_same_id_is_turned_away()
    {
        var conflict = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _hub.EdgeConflict += (_, _) => conflict.TrySetResult();
        await using var edge = await DialedEdge.ConnectAsync(_hub, "a", Secret, "one");
        await using var other = await DialedEdge.ConnectAsync(_hub, "a", Secret, "two");

        Assert.Equal(GoAway.Conflict, await other.NextGoAwayAsync());
        await other.Tunnel.Completion.WaitAsync(Patience.Limit);
        await conflict.Task.WaitAsync(Patience.Limit);
        Assert.False(edge.Tunnel.Completion.IsCompleted);
        Assert.Equal("one", Assert.Single(_hub.GetStatus().ConnectedEdges).Instance);
    }

    [Fact]
    public async Task Status_and_events_tell_of_the_edge()
    {
        var connected = new TaskCompletionSource<EdgeConnectedEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
        var gone = new TaskCompletionSource<EdgeDisconnectedEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
        _hub.EdgeConnected += (_, e) => connected.TrySetResult(e);
        _hub.EdgeDisconnected += (_, e) => gone.TrySetResult(e);
        await using (var edge = await DialedEdge.ConnectAsync(_hub, "a", Secret, "one"))
        {
            Assert.Equal("a", (await connected.Task.WaitAsync(Patience.Limit)).EdgeId);
            var status = _hub.GetStatus();
            var described = Assert.Single(status.ConnectedEdges);
            Assert.Equal((true, 1, "a", 1L), (status.Running, status.AllowedEdges, described.EdgeId, described.Rev));
            Assert.Equal([80, 81], described.ListenPorts);
            Assert.Equal([53], described.ListenPortsUdp);
        }

        Assert.Equal("a", (await gone.Task.WaitAsync(Patience.Limit)).EdgeId);
        Assert.Empty(_hub.GetStatus().ConnectedEdges);
    }

    [Fact]
    public async Task Stopping_tells_the_edge_lets_streams_end_and_then_closes()
    {
        await using var edge = await DialedEdge.ConnectAsync(_hub, "a", Secret, "one");
        using var client = await edge.OpenStreamAsync(80);
        using var upstream = await _upstream.AcceptAsync();
        var stopping = _hub.StopAsync(TimeSpan.FromSeconds(30));
        Assert.False(stopping.IsCompleted);

        client.Shutdown(SocketShutdown.Send);
        upstream.Shutdown(SocketShutdown.Send);
        Assert.Equal(GoAway.Shutdown, await edge.NextGoAwayAsync());
        await stopping.WaitAsync(Patience.Limit);
        await edge.Tunnel.Completion.WaitAsync(Patience.Limit);
        Assert.False(_hub.GetStatus().Running);
    }

    [Fact]
    public async Task State_and_certificate_outlive_a_run_and_a_cut_off_run_is_told_of()
    {
        var pin = _hub.CertificatePin;
        var marker = _directory.File("running");
        Assert.True(File.Exists(marker));
        await _hub.StopAsync();
        Assert.False(File.Exists(marker));

        await File.WriteAllTextAsync(marker, "2026-01-01T00:00:00Z");
        var recovered = new TaskCompletionSource<CrashRecoveredEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var next = new TunnelHub(Options() with { Edges = [] }, NullLoggerFactory.Instance);
        next.CrashRecovered += (_, e) => recovered.TrySetResult(e);
        await next.StartAsync();

        var told = await recovered.Task.WaitAsync(Patience.Limit);
        Assert.Equal((1, 2026), (told.AllowedEdges, told.PreviousStart?.Year));
        Assert.Equal(pin, next.CertificatePin);
    }

    [Fact]
    public async Task A_start_that_fails_leaves_nothing_behind()
    {
        using var other = new TemporaryDirectory();
        await using var second = new TunnelHub(
            Options() with { TunnelPort = _hub.GetStatus().TunnelPort, StateDir = other.Path }, NullLoggerFactory.Instance);

        await Assert.ThrowsAsync<OperatorException>(() => second.StartAsync());
        Assert.False(second.GetStatus().Running);
        Assert.False(File.Exists(other.File("running")));
    }

    [Fact]
    public async Task Runs_inside_another_program()
    {
        using var other = new TemporaryDirectory();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddTunnelHub(Options() with { StateDir = other.Path });
        using var host = builder.Build();
        await host.StartAsync();
        var hub = host.Services.GetRequiredService<TunnelHub>();
        Assert.True(hub.GetStatus().Running);
        await host.StopAsync();
        Assert.False(hub.GetStatus().Running);
    }

    [Fact]
    public async Task What_is_done_before_the_opening_finds_the_edges_and_no_port()
    {
        await _hub.StopAsync();
        var looked = false;
        await using var hub = new TunnelHub(Options(), NullLoggerFactory.Instance);
        hub.BeforeOpening = async cancellation =>
        {
            looked = true;
            Assert.False(hub.GetStatus().Running);
            Assert.True(
                (await hub.UpdateAllowedEdgesAsync(
                    [new EdgeDefinition { Id = "b", Secret = Secret, ListenPorts = [80] }], cancellation)).Succeeded);
        };
        await hub.StartAsync();
        Assert.True(looked);
        Assert.True(hub.GetStatus().Running);
    }

    [Fact]
    public async Task A_port_that_can_not_be_administered_is_not_opened()
    {
        await _hub.StopAsync();
        await using var hub =
            new TunnelHub(Options(), NullLoggerFactory.Instance) { BeforeOpening = _ => throw new OperatorException("no socket") };
        Assert.Equal("no socket", (await Assert.ThrowsAsync<OperatorException>(() => hub.StartAsync())).Message);
        Assert.False(hub.GetStatus().Running);
        Assert.Null(hub.Edges);
    }

    private TunnelHubOptions Options() => new()
    {
        TunnelPort = 0,
        BindAddress = "127.0.0.1",
        StateDir = _directory.Path,
        Edges =
        [
            new EdgeDefinition
            {
                Id = "a",
                Secret = Secret,
                ListenPorts = [80, 81],
                ListenPortsUdp = [53],
                Ports = EdgeDefinition.NoPorts
                    .Add("default", new PortPolicyDefinition { TargetPort = PortOf(_upstream) })
                    .Add("udp/53", new PortPolicyDefinition { TargetPort = PortOf(_upstreamUdp) }),
            },
        ],
    };

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;
}
