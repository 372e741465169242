using System.Net;
using System.Net.Sockets;
using System.Text;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Events;
using Tunnel.Hub.Targets;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Relay;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.KernelMemory;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Forwarding;

public sealed class StreamForwarderTests : IDisposable
{
    private readonly Socket _upstream = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public StreamForwarderTests()
    {
        _upstream.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _upstream.Listen();
    }

    public void Dispose() => _upstream.Dispose();

    private int Port => ((IPEndPoint)_upstream.LocalEndPoint!).Port;

    [Theory]
    [InlineData("203.0.113.7", "PROXY TCP4 203.0.113.7 198.51.100.1 40000 80\r\n")]
    [InlineData("2001:db8::7", "PROXY TCP6 2001:db8::7 ::ffff:198.51.100.1 40000 80\r\n")]
    public async Task The_upstream_gets_a_v1_header_in_one_piece_before_anything_else(string client, string expected)
    {
        using var hub = Connected(new PortPolicyDefinition());
        var stream = hub.OpenStream(client: new IPEndPoint(IPAddress.Parse(client), 40000));

        var (received, socket) = await AcceptAsync();
        using (socket)
            Assert.Equal(expected, Encoding.ASCII.GetString(received));
        Assert.IsType<SocketEndpoint>(await stream.AttachedAsync());
    }

    [Fact]
    public async Task Or_a_v2_header()
    {
        using var hub = Connected(new PortPolicyDefinition { ProxyProtocol = ProxyProtocol.V2 });
        hub.OpenStream();

        var (received, socket) = await AcceptAsync();
        using (socket)
        {
            Assert.Equal(ProxyParseStatus.Complete, ProxyV2.TryParse(received, out var header, out var consumed));
            Assert.Equal(
                (ForwardingFixture.Client, ForwardingFixture.Public, received.Length), (header.Source, header.Destination, consumed));
        }
    }

    [Fact]
    public async Task Or_none()
    {
        using var hub = Connected(new PortPolicyDefinition { ProxyProtocol = ProxyProtocol.Off });
        var stream = hub.OpenStream();

        using var socket = await _upstream.AcceptAsync();
        var endpoint = await stream.AttachedAsync();
        Assert.Equal(0, socket.Available);
        Assert.Equal(3, endpoint.TryWrite("abc"u8));
        var received = new byte[10];
        Assert.Equal(3, await socket.ReceiveAsync(received));
    }

    [Theory]
    [InlineData(ProxyProtocol.Off, 0)]
    [InlineData(ProxyProtocol.V2, ProxyV2.IPv4Length)]
    public async Task A_policy_that_says_nothing_has_the_header_of_the_hub(ProxyProtocol byDefault, int length)
    {
        using var hub = Connected(new PortPolicyDefinition());
        hub.Gate.Options = hub.Gate.Options with { DefaultProxyProtocol = byDefault };
        var stream = hub.OpenStream();
        using var socket = await _upstream.AcceptAsync();
        await stream.AttachedAsync();
        Assert.Equal(length, socket.Available);
    }

    [Fact]
    public async Task An_upstream_that_hangs_up_behind_each_header_is_told_once_until_one_goes_otherwise()
    {
        using var hub = Connected(new PortPolicyDefinition());
        for (var i = 0; i < 6; i++)
            await HangUpAsync(hub);
        Assert.Equal(HeaderDoubt.Words, Doubt(hub));
        var raised = await hub.Events.NextAsync<ProxyHeaderDoubtedEvent>();
        Assert.Equal(("a", 80), (raised.EdgeId, raised.Port));

        var stream = hub.OpenStream();
        using (var socket = await _upstream.AcceptAsync())
        {
            var endpoint = await stream.AttachedAsync();
            await socket.SendAsync("hello"u8.ToArray());
            await Eventually.IsTrueAsync(() => endpoint.TryRead(new byte[10], out _) == LocalReadStatus.Data, "the answer is read");
        }

        Assert.Null(Doubt(hub));
    }

    [Fact]
    public async Task An_upstream_that_waits_or_whose_client_hangs_up_first_is_not_doubted()
    {
        using var hub = Connected(new PortPolicyDefinition());
        for (var i = 0; i < 4; i++)
            await HangUpAsync(hub);
        await HangUpAsync(hub, endpoint => endpoint.ShutdownWrite());
        Assert.Null(Doubt(hub));
        await HangUpAsync(hub, _ => hub.Time.Advance(TimeSpan.FromMilliseconds(101)));
        await HangUpAsync(hub);
        Assert.Null(Doubt(hub));
    }

    private async Task HangUpAsync(ForwardingFixture hub, Action<ILocalEndpoint>? before = null)
    {
        var stream = hub.OpenStream();
        var socket = await _upstream.AcceptAsync();
        var endpoint = await stream.AttachedAsync();
        before?.Invoke(endpoint);
        socket.Dispose();
        await Eventually.IsTrueAsync(
            () => endpoint.TryRead(new byte[10], out _) is LocalReadStatus.EndOfFile or LocalReadStatus.Reset, "the upstream is gone");
    }

    private static string? Doubt(ForwardingFixture hub) => hub.Traffic.Of("a", udp: false, 80).Describe(isListening: true, null).Doubt;

    [Fact]
    public async Task A_port_that_is_not_assigned_is_reset_and_never_dialled()
    {
        var connector = new FakeConnector();
        using var hub = new ForwardingFixture(connector);
        hub.ConnectEdge(new PortPolicyDefinition());

        Assert.Equal(ResetReason.Policy, await hub.OpenStream(port: 22).ResetAsync());
        Assert.Null(connector.Asked);
        Assert.Equal(1, hub.Streams.Failures[StreamFailure.PortNotAssigned]);
    }

    [Fact]
    public async Task The_streams_of_an_edge_are_limited()
    {
        using var hub = Connected(new PortPolicyDefinition());
        hub.Tunnel.ActiveStreams = 101;

        Assert.Equal(ResetReason.Policy, await hub.OpenStream().ResetAsync());
        Assert.Equal(1, hub.Streams.Failures[StreamFailure.TooManyStreams]);
    }

    [Theory]
    [InlineData(null, null, "127.0.0.1", 80)]
    [InlineData("192.0.2.1", null, "192.0.2.1", 80)]
    [InlineData(null, 8080, "127.0.0.1", 8080)]
    public void The_policy_tells_the_target_else_the_hub_and_the_port_do(string? targetHost, int? targetPort, string host, int port)
    {
        var connector = new FakeConnector();
        using var hub = new ForwardingFixture(connector);
        hub.ConnectEdge(new PortPolicyDefinition { TargetHost = targetHost, TargetPort = targetPort });
        hub.OpenStream();

        Assert.Equal((host, port), connector.Asked);
    }

    [Fact]
    public async Task An_upstream_that_refuses_resets_the_client()
    {
        using var hub = Connected(new PortPolicyDefinition());
        _upstream.Dispose();

        Assert.Equal(ResetReason.Refused, await hub.OpenStream().ResetAsync());
        Assert.Equal(1, hub.Streams.Failures[StreamFailure.Refused]);
    }

    [Fact]
    public async Task An_upstream_that_is_silent_resets_the_client_after_the_connect_timeout()
    {
        using var hub = new ForwardingFixture(new FakeConnector());
        hub.ConnectEdge(new PortPolicyDefinition { ConnectTimeout = 7 });
        var stream = hub.OpenStream();
        hub.Time.Advance(TimeSpan.FromSeconds(6.9));
        Assert.Equal(0, hub.Streams.Failures[StreamFailure.ConnectTimeout]);
        hub.Time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal(ResetReason.ConnectTimeout, await stream.ResetAsync());
        Assert.Equal(1, hub.Streams.Failures[StreamFailure.ConnectTimeout]);
    }

    [Fact]
    public async Task Without_descriptors_to_spare_a_stream_is_reset_as_overloaded_and_nothing_is_dialled()
    {
        using var descriptors = new DescriptorGuard(() => DescriptorGuard.MinLimit, TimeProvider.System);
        descriptors.OnShortage();
        using var hub = new ForwardingFixture(descriptors: descriptors);
        hub.ConnectEdge(new PortPolicyDefinition { TargetPort = ((IPEndPoint)_upstream.LocalEndPoint!).Port });

        Assert.Equal(ResetReason.Overloaded, await hub.OpenStream().ResetAsync());
        Assert.Equal(1, hub.Streams.Failures[StreamFailure.DescriptorLimit]);
        Assert.False(_upstream.Poll(0, SelectMode.SelectRead));
    }

    [Fact]
    public async Task With_the_kernels_memory_for_TCP_nearly_used_up_a_stream_is_reset_as_overloaded_and_nothing_is_dialled()
    {
        using var hub = new ForwardingFixture();
        hub.Streams.Context.TcpMemory.Start(() => new TcpMemoryFigures(Used: 90, 0, 0, Limit: 100));
        hub.ConnectEdge(new PortPolicyDefinition { TargetPort = ((IPEndPoint)_upstream.LocalEndPoint!).Port });

        Assert.Equal(ResetReason.Overloaded, await hub.OpenStream().ResetAsync());
        Assert.Equal(1, hub.Streams.Failures[StreamFailure.TcpMemory]);
        Assert.False(_upstream.Poll(0, SelectMode.SelectRead));
    }

    [Fact]
    public async Task A_name_without_an_address_is_unreachable()
    {
        using var hub = new ForwardingFixture(lookUp: _ => throw new SocketException((int)SocketError.HostNotFound));
        hub.ConnectEdge(new PortPolicyDefinition { TargetHost = "nowhere.example" });

        Assert.Equal(ResetReason.Unreachable, await hub.OpenStream().ResetAsync());
        Assert.Equal(1, hub.Streams.Failures[StreamFailure.NameNotFound]);
    }

    [Fact]
    public async Task All_addresses_of_a_name_are_tried()
    {
        using var hub = new ForwardingFixture(
            lookUp: _ => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.2"), IPAddress.Loopback]));
        hub.ConnectEdge(new PortPolicyDefinition { TargetHost = "upstream.example", TargetPort = Port });
        var stream = hub.OpenStream();

        using var socket = await _upstream.AcceptAsync();
        await stream.AttachedAsync();
    }

    [Fact]
    public async Task The_dial_ends_when_the_client_leaves()
    {
        var connector = new FakeConnector();
        using var hub = new ForwardingFixture(connector);
        hub.ConnectEdge(new PortPolicyDefinition());
        var stream = hub.OpenStream();
        stream.EndByPeer();

        await connector.EndedAsync();
        Assert.False(stream.IsAttached);
    }

    [Fact]
    public async Task Streams_are_told_of_only_to_those_who_ask()
    {
        using var hub = Connected(new PortPolicyDefinition());
        hub.OpenStream();
        hub.Events.Queue.StreamsRaised = true;
        var stream = hub.OpenStream(client: new IPEndPoint(IPAddress.Parse("192.0.2.99"), 1));
        await stream.AttachedAsync();
        stream.EndByPeer();

        Assert.Equal("192.0.2.99", (await hub.Events.NextAsync<StreamOpenedEvent>()).Client!.Address.ToString());
        var closed = await hub.Events.NextAsync<StreamClosedEvent>();
        Assert.Equal((80, 10, 20, ResetReason.ResetByPeer), (closed.Port, closed.BytesIn, closed.BytesOut, closed.Abort));
    }

    private ForwardingFixture Connected(PortPolicyDefinition policy)
    {
        var hub = new ForwardingFixture();
        hub.ConnectEdge(policy with { TargetPort = Port });
        return hub;
    }

    // Returns what one receive gets, since the header must come in one piece.
    private async Task<(byte[] Received, Socket Socket)> AcceptAsync()
    {
        var socket = await _upstream.AcceptAsync().WaitAsync(Patience.Limit);
        var buffer = new byte[1000];
        var count = await socket.ReceiveAsync(buffer);
        return (buffer[..count], socket);
    }
}
