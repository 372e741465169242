using System.Net;
using System.Net.Sockets;
using System.Text;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Events;
using Tunnel.Hub.Targets;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Forwarding;

/// <summary>Streams and sessions of a port with several targets are forwarded, with real sockets behind.</summary>
public sealed class PoolForwardingTests
{
    private static readonly IPAddress One = IPAddress.Parse("127.0.5.1");
    private static readonly IPAddress Two = IPAddress.Parse("127.0.5.2");

    [Fact]
    public async Task A_stream_whose_target_refuses_goes_to_the_next_one()
    {
        using var two = Listen(Two);
        using var hub = Connected(PortOf(two), new PortPolicyDefinition());
        for (var i = 0; i < 3; i++)
        {
            var stream = hub.OpenStream();
            using var accepted = await two.AcceptAsync().WaitAsync(Patience.Limit);
            await stream.AttachedAsync();
            Assert.Equal($"127.0.5.2:{PortOf(two)}", hub.Traffic.Live().Last().Target);
            stream.EndByPeer();
        }

        Assert.Equal(0, hub.Streams.Failures[StreamFailure.Refused]);
        Assert.Equal((0, 3L), Counts(hub, 1));
    }

    [Fact]
    public async Task A_stream_without_a_target_is_reset_at_once_and_counted()
    {
        using var closed = Listen(One);
        var port = PortOf(closed);
        closed.Dispose();
        using var hub = Connected(port, new PortPolicyDefinition { Breaker = new BreakerDefinition { FailureThreshold = 1 } });
        Assert.Equal(ResetReason.Refused, await hub.OpenStream().ResetAsync());
        var down = await hub.Events.NextAsync<TargetDownEvent>();
        Assert.Equal(
            ($"127.0.5.1:{port}", "connection refused, 1 connections in a row", "a tcp/80"),
            (down.Target, down.Reason, Assert.Single(down.Ports)));

        Assert.Equal(ResetReason.Unreachable, await hub.OpenStream().ResetAsync());
        Assert.Equal(1, hub.Streams.Failures[StreamFailure.NoTarget]);
        Assert.Equal(1, hub.Traffic.Of("a", udp: false, 80).Describe(isListening: true, null).Errors["noTarget"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_silent_address_of_a_name_is_passed_over_after_a_quarter_of_a_second(bool withPool)
    {
        using var two = Listen(Two);
        var port = PortOf(two);
        using var silent = new SilentListener(new IPEndPoint(One, port));
        using var hub = new ForwardingFixture(lookUp: _ => Task.FromResult<IPAddress[]>([One, Two]));
        hub.ConnectEdge(
            new PortPolicyDefinition { TargetHost = "web", TargetPort = port, Balance = withPool ? Balance.WeightedRoundRobin : null });
        var timers = hub.Time.WaitingTimers;
        var stream = hub.OpenStream();
        await Eventually.IsTrueAsync(() => hub.Time.WaitingTimers >= timers + 2, "the limit of the dial and the patience run");
        Assert.False(two.Poll(0, SelectMode.SelectRead));
        hub.Time.Advance(TimeSpan.FromMilliseconds(250));
        using var accepted = await two.AcceptAsync().WaitAsync(Patience.Limit);
        await stream.AttachedAsync();
    }

    [Fact]
    public async Task A_client_that_goes_while_a_target_is_silent_is_not_its_fault()
    {
        using var two = Listen(Two);
        using var silent = new SilentListener(new IPEndPoint(One, PortOf(two)));
        using var hub = Connected(PortOf(two), new PortPolicyDefinition { Breaker = new BreakerDefinition { FailureThreshold = 1 } });
        var stream = hub.OpenStream();
        stream.EndByPeer();
        await Eventually.IsTrueAsync(() => Counts(hub, 0) == (0, 1L), "the dial was given up");
        Assert.Equal(TargetState.Up, Pool(hub).Describe()[0].State);
    }

    [Fact]
    public async Task A_session_stays_with_its_target_and_moves_when_nobody_is_there_any_more()
    {
        using var two = Bind(Two, 0);
        var port = PortOf(two);
        var one = Bind(One, port);
        using var hub = Connected(port, new PortPolicyDefinition { UdpProxyProtocol = UdpProxyProtocol.Off });
        var (_, first) = hub.OpenSession();
        var (_, second) = hub.OpenSession();
        for (var i = 0; i < 3; i++)
        {
            first!.OnDatagram("first"u8);
            second!.OnDatagram("second"u8);
            Assert.Equal("first", await ReceiveAsync(one));
            Assert.Equal("second", await ReceiveAsync(two));
        }

        one.Dispose();
        await Eventually.IsTrueAsync(
            () =>
            {
                first!.OnDatagram("moved"u8);
                return two.Poll(1_000, SelectMode.SelectRead);
            },
            "the session has moved");
        Assert.Equal("moved", await ReceiveAsync(two));
        Assert.Equal(
            2,
            Pool(hub, udp: true)
                .Describe().Single(target => target.Target.StartsWith("127.0.5.2", StringComparison.Ordinal)).ActiveConnections);
    }

    [Fact]
    public async Task A_session_leaves_a_target_that_was_taken_out()
    {
        using var two = Bind(Two, 0);
        using var one = Bind(One, PortOf(two));
        using var hub = Connected(PortOf(two), new PortPolicyDefinition { UdpProxyProtocol = UdpProxyProtocol.Off });
        var (_, sink) = hub.OpenSession();
        sink!.OnDatagram("before"u8);
        Assert.Equal("before", await ReceiveAsync(one));

        var pool = Pool(hub, udp: true);
        pool.Change(
            pool.Spec with
            {
                Policy = pool.Spec.Policy with { Targets = new TargetList([new TargetDefinition { Host = Two.ToString() }]) },
            });
        hub.Time.Advance(TimeSpan.FromSeconds(2));
        sink.OnDatagram("after"u8);
        Assert.Equal("after", await ReceiveAsync(two));
    }

    private static ForwardingFixture Connected(int port, PortPolicyDefinition policy)
    {
        var hub = new ForwardingFixture();
        hub.ConnectEdge(policy with
        {
            Targets = new TargetList([new TargetDefinition { Host = One.ToString() }, new TargetDefinition { Host = Two.ToString() }]),
            TargetPort = port,
        });
        return hub;
    }

    private static TargetPool Pool(ForwardingFixture hub, bool udp = false) => hub.Pools.Find(new PoolKey("a", udp, 80))!;

    private static (int Active, long Total) Counts(ForwardingFixture hub, int target)
    {
        var status = Pool(hub).Describe()[target];
        return (status.ActiveConnections, status.TotalConnections);
    }

    private static Socket Listen(IPAddress address, int port = 0)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, port));
        socket.Listen();
        return socket;
    }

    private static Socket Bind(IPAddress address, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(address, port));
        return socket;
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private static async Task<string> ReceiveAsync(Socket socket)
    {
        var buffer = new byte[100];
        var count = await socket.ReceiveAsync(buffer).WaitAsync(Patience.Limit);
        return Encoding.ASCII.GetString(buffer, 0, count);
    }

    /// <summary>Returns an address that neither accepts nor refuses: its queue is full, so the kernel drops every SYN.</summary>
    private sealed class SilentListener : IDisposable
    {
        private readonly List<Socket> _sockets = [];

        public SilentListener(IPEndPoint address)
        {
            var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _sockets.Add(listener);
            listener.Bind(address);
            listener.Listen(0);
            for (var i = 0; i < 10; i++)
            {
                var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                _sockets.Add(client);
                if (!client.ConnectAsync(address).Wait(TimeSpan.FromMilliseconds(200)))
                    return;
            }
        }

        public void Dispose()
        {
            foreach (var socket in _sockets)
                socket.Dispose();
        }
    }
}
