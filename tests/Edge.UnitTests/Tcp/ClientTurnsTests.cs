using System.Net;
using System.Net.Sockets;
using Tunnel.Edge.Refusing;
using Tunnel.Edge.Tcp;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Tcp;

/// <summary>Clients that come while the tunnel has no room for another stream.</summary>
public sealed class ClientTurnsTests : IDisposable
{
    private static readonly IPAddress Flooding = IPAddress.Parse("127.0.0.2");
    private static readonly IPAddress Healthy = IPAddress.Parse("127.0.0.3");

    private static readonly HoldLimits Hold = new(4, TimeSpan.FromSeconds(5));

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private readonly ListenerFixture _fixture = new(hold: Hold);
    private readonly FakeTunnel _tunnel = new();
    private readonly List<Socket> _clients = [];
    private readonly int _ownTimers;

    public ClientTurnsTests()
    {
        _fixture.Tunnels.Current = _tunnel;
        _tunnel.MakeRoom(0);
        _ownTimers = _fixture.Time.WaitingTimers;
    }

    public void Dispose()
    {
        _clients.ForEach(static client => client.Dispose());
        _fixture.Dispose();
    }

    [Fact]
    public async Task They_wait_and_get_their_streams_when_there_is_room()
    {
        var port = _fixture.ListenTcp(IPAddress.Any);
        await ConnectAsync(port, Flooding, 3);
        await WaitAsync(3);
        Assert.Equal(0, _tunnel.Opened);

        _tunnel.MakeRoom(2);
        await Eventually.IsTrueAsync(() => _tunnel.Opened == 2, "there is room for two");
        _tunnel.MakeRoom(5);

        await Eventually.IsTrueAsync(() => _tunnel.Opened == 3, "the third has its turn");
        Assert.Equal(0, _fixture.Refusals[RefusalReason.TunnelTakesNone]);
        await ConnectAsync(port, Flooding, 1);
        await Eventually.IsTrueAsync(() => _tunnel.Opened == 4, "who comes later does not wait");
    }

    [Fact]
    public async Task One_behind_many_of_somebody_else_waits_for_one_of_them_and_not_for_all()
    {
        var flooded = _fixture.ListenTcp(IPAddress.Any);
        var other = _fixture.ListenTcp(IPAddress.Any);
        await ConnectAsync(flooded, Flooding, 50);
        await WaitAsync(50);
        await ConnectAsync(flooded, Healthy, 1);
        await WaitAsync(51);
        await ConnectAsync(other, Flooding, 1);
        await WaitAsync(52);

        // One of the many clients was the next one already.
        _tunnel.MakeRoom(5);

        var opened = new List<FakeTunnel.OpenedStream>();
        while (opened.Count < 5)
            opened.Add(await _tunnel.NextStreamAsync());
        Assert.Contains(opened, stream => stream.Opening.Source!.Address.Equals(Healthy));
        Assert.Contains(opened, stream => stream.Opening.Destination!.Port == other.LocalPort);
    }

    [Fact]
    public async Task Those_that_reset_while_they_wait_get_no_stream_and_are_not_counted_as_refused()
    {
        var port = _fixture.ListenTcp(IPAddress.Any);
        await ConnectAsync(port, Flooding, 1);
        await ConnectAsync(port, Healthy, 3);
        await WaitAsync(4);
        foreach (var client in _clients[1..])
        {
            client.LingerState = new LingerOption(true, 0);
            client.Dispose();
        }

        _tunnel.MakeRoom(10);

        await Eventually.IsTrueAsync(() => _fixture.Handover.Waiting == 0 && port.Active == 1, "nobody waits");
        Assert.Equal(1, _tunnel.Opened);
        Assert.Equal(0, _fixture.Refusals[RefusalReason.TunnelTakesNone]);
    }

    [Fact]
    public async Task When_the_tunnel_has_taken_nobody_for_some_time_nobody_waits_any_more()
    {
        var port = _fixture.ListenTcp(IPAddress.Any);
        await ConnectAsync(port, Flooding, 3);
        await WaitAsync(3);

        await Eventually.IsTrueAsync(
            () =>
            {
                _fixture.Time.Advance(ClientTurns.Patience);
                return port.Active == 0;
            },
            "they are reset");

        Assert.Equal(3, _fixture.Refusals[RefusalReason.TunnelTakesNone]);
    }

    [Fact]
    public async Task They_wait_no_longer_for_a_tunnel_that_has_been_replaced()
    {
        var port = _fixture.ListenTcp(IPAddress.Any);
        await ConnectAsync(port, Flooding, 3);
        await WaitAsync(3);
        var next = new FakeTunnel();
        _fixture.Tunnels.Current = next;

        await Eventually.IsTrueAsync(
            () =>
            {
                _fixture.Time.Advance(TimeSpan.FromMilliseconds(250));
                return next.Opened == 3;
            },
            "the next tunnel takes them");
    }

    [Fact]
    public async Task Without_a_tunnel_they_are_held_and_get_their_streams_in_order_as_soon_as_there_is_one()
    {
        _fixture.Tunnels.Current = null;
        var port = _fixture.ListenTcp(IPAddress.Any);
        for (var i = 0; i < 3; i++)
        {
            await ConnectAsync(port, Flooding, 1);
            await WaitAsync(i + 1);
        }

        // No time passes here: the tunnel itself wakes the waiting clients.
        var next = new FakeTunnel();
        _fixture.Tunnels.Current = next;

        foreach (var client in _clients)
            Assert.Equal(client.LocalEndPoint, (await next.NextStreamAsync()).Opening.Source);
        Assert.Equal(0, _fixture.Refusals[RefusalReason.NoTunnel]);
    }

    [Fact]
    public async Task A_tunnel_that_takes_none_is_like_no_tunnel()
    {
        _fixture.Tunnels.Current = new FakeTunnel { TakesNew = false };
        var port = _fixture.ListenTcp(IPAddress.Any);
        await ConnectAsync(port, Flooding, 2);
        await WaitAsync(2);

        var next = new FakeTunnel();
        _fixture.Tunnels.Current = next;

        await Eventually.IsTrueAsync(() => next.Opened == 2, "the next tunnel takes them");
        Assert.Equal(0, _fixture.Refusals[RefusalReason.TunnelTakesNone]);
    }

    [Fact]
    public async Task Each_is_held_for_its_time_and_then_counted_as_having_found_no_tunnel()
    {
        _fixture.Tunnels.Current = null;
        var port = _fixture.ListenTcp(IPAddress.Any);
        await ConnectAsync(port, Flooding, 2);
        await WaitAsync(2);
        await PassAsync(Hold.Time / 2);
        await ConnectAsync(port, Healthy, 1);
        await WaitAsync(3);

        await PassAsync(Hold.Time / 2);
        await WaitAsync(1);
        Assert.Equal(2, _fixture.Refusals[RefusalReason.NoTunnel]);
        Assert.Equal(1, port.Active);

        await PassAsync(Hold.Time / 2);
        await WaitAsync(0);
        Assert.Equal(3, _fixture.Refusals[RefusalReason.NoTunnel]);
    }

    [Fact]
    public async Task Whoever_comes_later_from_elsewhere_keeps_nobody_waiting_beyond_the_time_of_hold()
    {
        _fixture.Tunnels.Current = null;
        var port = _fixture.ListenTcp(IPAddress.Any);
        await ConnectAsync(port, Flooding, Hold.MostClients);
        await WaitAsync(Hold.MostClients);
        await PassAsync(Hold.Time / 2);
        await ConnectFromOthersAsync(port, 3);
        await WaitAsync(Hold.MostClients + 3);

        // The one whose turn it is at the end of the first ones' time is one of the later ones.
        await PassAsync(Hold.Time / 2);
        await WaitAsync(3);
        Assert.Equal(Hold.MostClients, _fixture.Refusals[RefusalReason.NoTunnel]);

        await PassAsync(Hold.Time / 2);
        await WaitAsync(0);
    }

    [Fact]
    public async Task Those_of_one_address_keep_their_order_however_often_all_are_looked_after()
    {
        _fixture.Tunnels.Current = null;
        var port = _fixture.ListenTcp(IPAddress.Any);
        var other = _fixture.ListenTcp(IPAddress.Any);
        for (var i = 0; i < Hold.MostClients; i++)
        {
            await ConnectAsync(port, Flooding, 1);
            await WaitAsync(i + 1);
        }

        await ConnectFromOthersAsync(port, 1);
        await WaitAsync(Hold.MostClients + 1);
        await ConnectAsync(other, Healthy, 1);
        await WaitAsync(Hold.MostClients + 2);
        await PassAsync(3 * Look);

        var next = new FakeTunnel();
        _fixture.Tunnels.Current = next;

        var opened = new List<EndPoint>();
        while (opened.Count < _clients.Count)
            opened.Add((await next.NextStreamAsync()).Opening.Source!);
        Assert.Equal(
            _clients[..Hold.MostClients].Select(static client => client.LocalEndPoint!),
            opened.Where(static client => ((IPEndPoint)client).Address.Equals(Flooding)));
    }

    [Fact]
    public async Task No_more_are_held_than_may_be_but_another_address_has_its_part()
    {
        _fixture.Tunnels.Current = null;
        var port = _fixture.ListenTcp(IPAddress.Any);
        await ConnectAsync(port, Flooding, Hold.MostClients + 3);
        await Eventually.IsTrueAsync(() => _fixture.Refusals[RefusalReason.NoTunnel] == 3, "three are too many");
        Assert.Equal(Hold.MostClients, _fixture.Handover.Waiting);

        await ConnectAsync(port, Healthy, 1);

        await WaitAsync(Hold.MostClients + 1);
        Assert.Equal(3, _fixture.Refusals[RefusalReason.NoTunnel]);
    }

    [Fact]
    public async Task At_the_edges_stop_nobody_is_held_any_longer()
    {
        _fixture.Tunnels.Current = null;
        var port = _fixture.ListenTcp(IPAddress.Any);
        await ConnectAsync(port, Flooding, 3);
        await WaitAsync(3);

        _fixture.Handover.Stop();

        // The thread that looks after them may have seen it without another wait.
        await Eventually.IsTrueAsync(
            () =>
            {
                if (_fixture.Time.WaitingTimers > _ownTimers)
                    _fixture.Time.Advance(Look);
                return _fixture.Handover.Waiting == 0;
            },
            "nobody waits");
        Assert.Equal(3, _fixture.Refusals[RefusalReason.NoTunnel]);
    }

    // The time passes in the steps in which the waiting clients are looked after, each once somebody waits for it.
    private async Task PassAsync(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += Look)
        {
            await Eventually.IsTrueAsync(() => _fixture.Time.WaitingTimers > _ownTimers, "somebody looks after them");
            _fixture.Time.Advance(Look);
        }
    }

    private async Task ConnectFromOthersAsync(TcpPortListener port, int clients)
    {
        for (var i = 0; i < clients; i++)
            await ConnectAsync(port, IPAddress.Parse($"127.0.1.{i + 1}"), 1);
    }

    private async Task ConnectAsync(TcpPortListener port, IPAddress from, int clients)
    {
        for (var i = 0; i < clients; i++)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _clients.Add(client);
            client.Bind(new IPEndPoint(from, 0));
            try
            {
                await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port.LocalPort)).Soon();
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
            {
                // It was refused before the connect was seen to be done.
            }
        }
    }

    private Task WaitAsync(int clients) => Eventually.IsTrueAsync(() => _fixture.Handover.Waiting == clients, $"{clients} wait");
}
