using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Ports;
using Tunnel.Edge.Refusing;
using Tunnel.Edge.Udp;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Edge.UnitTests.Tcp;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Sockets;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Udp;

/// <summary>Real datagrams on loopback, where every 127.x.y.z is an address of its own.</summary>
public sealed class UdpPortTests : IDisposable
{
    private static readonly IPAddress SecondAddress = IPAddress.Parse("127.0.0.2");

    private readonly ListenerFixture _fixture = new(maxSessions: 2);
    private readonly FakeTunnel _tunnel = new();

    public UdpPortTests() => _fixture.Tunnels.Current = _tunnel;

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("0.0.0.0", "127.0.0.1", "127.0.0.2")]
    [InlineData("::", "127.0.0.1", "127.0.0.2")]
    [InlineData("::", "::1", "::1")]
    [InlineData("127.0.0.2", "127.0.0.1", "127.0.0.2")]
    public async Task The_session_names_the_address_that_the_client_wrote_to_and_the_answer_comes_from_there(
        string bind, string from, string to)
    {
        if (bind == "::" && !BindAddress.ProbeIpv6())
            Assert.Skip("IPv6 is off on this machine.");
        var port = _fixture.ListenUdp(IPAddress.Parse(bind));
        using var client = CreateClient(from);
        var target = new IPEndPoint(IPAddress.Parse(to), port.Number);

        await client.SendToAsync("question"u8.ToArray(), target);
        var session = await _tunnel.NextSessionAsync();

        Assert.Equal("question"u8.ToArray(), session.NextSent());
        Assert.Equal(client.LocalEndPoint, session.Opening.Source);
        Assert.Equal(target, session.Opening.Destination);
        Assert.Equal(port.Number, session.Opening.ListeningPort);

        session.Sink.OnDatagram("answer"u8);
        (var payload, var sender) = await ReceiveAsync(client);
        Assert.Equal("answer"u8.ToArray(), payload);
        Assert.Equal(target, sender);
    }

    [Fact]
    public async Task A_policy_keeps_sessions_out_and_ends_those_that_it_lets_in_no_more()
    {
        var port = _fixture.ListenUdp(
            IPAddress.Any, new EdgePortPolicy { DenyCidrs = CidrSet.Parse("127.0.0.9"), MaxConnectionsPerIp = 1 });
        var target = new IPEndPoint(IPAddress.Loopback, port.Number);
        using var denied = CreateClient("127.0.0.9");
        using var client = CreateClient("127.0.0.1");
        using var second = CreateClient("127.0.0.1");

        await denied.SendToAsync(new byte[1], target);
        await client.SendToAsync(new byte[10], target);
        var session = await _tunnel.NextSessionAsync();
        await second.SendToAsync(new byte[1], target);

        await Eventually.IsTrueAsync(() => port.GetStatistics().Blocked.Count == 2, "both are turned away");
        var statistics = port.GetStatistics();
        Assert.Equal((1, 1L, 12L), (statistics.Active, statistics.Total, statistics.BytesIn));
        Assert.Equal((1, 1), (statistics.Blocked["denied"], statistics.Blocked["maxConnectionsPerIp"]));

        port.Update(new EdgePortPolicy { DenyCidrs = CidrSet.Parse("127.0.0.0/8") });
        Assert.False(session.IsOpen);
        Assert.Equal(0, port.Active);
    }

    [Fact]
    public async Task A_session_leaves_a_hub_that_is_gone_for_another_one_but_not_at_once()
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback);
        using var client = CreateClient("127.0.0.1");
        var (session, target) = await OpenAsync(client, port, "one"u8.ToArray());
        var other = new FakeTunnel();

        // The time of the hub's loss counts, not that of the client's datagrams.
        _fixture.Tunnels.Gone[_tunnel] = UdpSession.Patience - TimeSpan.FromTicks(1);
        _fixture.Tunnels.Current = other;
        await client.SendToAsync("two"u8.ToArray(), target);
        Assert.Equal("two"u8.ToArray(), session.NextSent());
        _fixture.Tunnels.Gone[_tunnel] = UdpSession.Patience;
        _fixture.Tunnels.Gone[other] = TimeSpan.Zero;
        await client.SendToAsync("three"u8.ToArray(), target);
        Assert.Equal("three"u8.ToArray(), session.NextSent());
        _fixture.Tunnels.Gone.TryRemove(other, out _);
        await client.SendToAsync("four"u8.ToArray(), target);

        Assert.Equal("four"u8.ToArray(), (await other.NextSessionAsync()).NextSent());
        Assert.False(session.IsOpen);
        Assert.Equal(1, port.Active);
    }

    [Fact]
    public async Task A_session_goes_over_to_the_tunnel_that_takes_what_is_open_and_the_hub_ends_it_where_it_was()
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback);
        using var client = CreateClient("127.0.0.1");
        var (session, target) = await OpenAsync(client, port, "one"u8.ToArray());

        // Another hub may be the one for new clients; and a tunnel that can take nothing now is waited for.
        var (between, last, otherHub) = (new FakeTunnel(), new FakeTunnel { IsLost = true }, new FakeTunnel());
        (_tunnel.Successor, between.Successor, _fixture.Tunnels.Current) = (between, last, otherHub);
        await client.SendToAsync("two"u8.ToArray(), target);
        Assert.Equal("two"u8.ToArray(), session.NextSent());
        last.IsLost = false;
        await client.SendToAsync("three"u8.ToArray(), target);

        var next = await last.NextSessionAsync();
        Assert.Equal("three"u8.ToArray(), next.NextSent());
        Assert.Equal(session.Opening, next.Opening);
        Assert.Equal(1, port.Active);

        // An answer that was under way still comes.
        Assert.True(session.IsOpen);
        session.Sink.OnDatagram("answer"u8);
        Assert.Equal("answer"u8.ToArray(), (await ReceiveAsync(client)).Payload);
        session.Lose();
        Assert.True(next.IsOpen);
        Assert.Equal(1, port.Active);
    }

    [Fact]
    public async Task The_end_of_a_session_that_went_over_ends_it_where_it_was_too()
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback);
        var target = new IPEndPoint(IPAddress.Loopback, port.Number);
        using var client = CreateClient("127.0.0.1");
        await client.SendToAsync("one"u8.ToArray(), target);
        var session = await _tunnel.NextSessionAsync();
        var successor = new FakeTunnel();
        _tunnel.Successor = successor;
        await client.SendToAsync("two"u8.ToArray(), target);
        (await successor.NextSessionAsync()).NextSent();
        Assert.False(session.WasClosed);

        port.Close(TimeSpan.Zero);
        Assert.True(session.WasClosed);
        Assert.Equal(0, port.Active);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_session_stays_where_it_is_while_the_tunnel_to_which_it_would_go_takes_none(bool isGone)
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback);
        using var client = CreateClient("127.0.0.1");
        var (session, target) = await OpenAsync(client, port, "one"u8.ToArray());
        var next = LetGoOver(isGone);
        next.TakesNew = false;

        await client.SendToAsync("two"u8.ToArray(), target);
        Assert.Equal("two"u8.ToArray(), session.NextSent());
        Assert.Equal((1, 0), (port.Active, port.GetStatistics().Blocked.Count));

        next.TakesNew = true;
        await client.SendToAsync("three"u8.ToArray(), target);
        Assert.Equal("three"u8.ToArray(), (await next.NextSessionAsync()).NextSent());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_whose_session_goes_over_is_not_let_in_anew_and_counts_once(bool isGone)
    {
        var port = _fixture.ListenUdp(
            IPAddress.Loopback, new EdgePortPolicy { MaxConnectionsPerIp = 1, NewConnectionsPerSecondPerIp = 1 });
        using var client = CreateClient("127.0.0.1");
        using var second = CreateClient("127.0.0.1");
        var (_, target) = await OpenAsync(client, port, "one"u8.ToArray());
        var next = LetGoOver(isGone);

        await client.SendToAsync("two"u8.ToArray(), target);
        var session = await next.NextSessionAsync();
        Assert.Equal("two"u8.ToArray(), session.NextSent());
        Assert.Equal((1, 1L), (port.Active, port.GetStatistics().Total));
        Assert.Empty(port.GetStatistics().Blocked);

        // Its place is its own until its end, and free then.
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        await second.SendToAsync("other"u8.ToArray(), target);
        await Eventually.IsTrueAsync(
            () => port.GetStatistics().Blocked.GetValueOrDefault("maxConnectionsPerIp") == 1, "there is no place for another one");
        session.Lose();
        Assert.Equal(0, port.Active);
        (_tunnel.Successor, _fixture.Tunnels.Current) = (null, next);
        await second.SendToAsync("other"u8.ToArray(), target);
        (await next.NextSessionAsync()).NextSent();
        Assert.Equal(1, port.Active);
    }

    [Fact]
    public async Task A_client_whose_tunnel_was_lost_is_not_let_in_anew_while_its_session_may_go_on()
    {
        var port = _fixture.ListenUdp(
            IPAddress.Loopback, new EdgePortPolicy { NewConnectionsPerSecondPerIp = 1, AmplificationGuard = true });
        using var client = CreateClient("127.0.0.1");
        var (session, target) = await OpenAsync(client, port, "one"u8.ToArray());
        _fixture.Tunnels.Current = null;
        session.LoseTunnel();
        Assert.Equal(1, port.Active);

        // What comes while there is no tunnel, or one that takes none, is dropped and counted, and changes nothing.
        await client.SendToAsync("two"u8.ToArray(), target);
        await Eventually.IsTrueAsync(() => _fixture.Refusals[RefusalReason.UdpNoTunnel] == 1, "there is no tunnel");
        var next = new FakeTunnel { TakesNew = false };
        _fixture.Tunnels.Current = next;
        await client.SendToAsync("three"u8.ToArray(), target);
        await Eventually.IsTrueAsync(() => _fixture.Refusals[RefusalReason.UdpTunnelTakesNone] == 1, "it takes none");

        next.TakesNew = true;
        await client.SendToAsync("four"u8.ToArray(), target);
        session = await next.NextSessionAsync();
        Assert.Equal("four"u8.ToArray(), session.NextSent());
        session.Sink.OnDatagram(new byte[9000]);
        Assert.Equal(9000, (await ReceiveAsync(client)).Payload.Length);
        Assert.Equal((1, 1L), (port.Active, port.GetStatistics().Total));

        // Idle time-outs go on counting meanwhile.
        session.LoseTunnel();
        _fixture.Time.Advance(TimeSpan.FromSeconds(65));
        Assert.Equal((0, 0), (port.Active, _fixture.Sessions.Count));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_has_sent_again_gets_long_answers_also_when_that_took_its_session_over(bool isGone)
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback, new EdgePortPolicy { AmplificationGuard = true });
        using var client = CreateClient("127.0.0.1");
        var (session, target) = await OpenAsync(client, port, new byte[1]);
        var next = LetGoOver(isGone);

        // With its second datagram the client has shown that its address is not forged.
        await client.SendToAsync(new byte[1], target);
        session = await next.NextSessionAsync();
        session.NextSent();
        session.Sink.OnDatagram(new byte[9000]);
        Assert.Equal(9000, (await ReceiveAsync(client)).Payload.Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_may_not_send_more_because_its_session_goes_over(bool isGone)
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback, new EdgePortPolicy { UploadRate = 10_000 });
        using var client = CreateClient("127.0.0.1");
        var (_, target) = await OpenAsync(client, port, new byte[1000]);
        var next = LetGoOver(isGone);

        await client.SendToAsync(new byte[1000], target);
        await next.NextSessionAsync();
        await Eventually.IsTrueAsync(
            () => port.GetStatistics().Blocked.GetValueOrDefault("udpUploadRate") == 1, "it has sent what it may already");
    }

    [Fact]
    public async Task A_session_that_is_ended_while_it_goes_over_is_opened_anew_if_its_client_may()
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback);
        using var client = CreateClient("127.0.0.1");
        var (_, target) = await OpenAsync(client, port, "one"u8.ToArray());
        var successor = new FakeTunnel { OnOpeningSession = () => port.Reset(static _ => true) };
        (_tunnel.Successor, _fixture.Tunnels.Current) = (successor, successor);
        await client.SendToAsync("two"u8.ToArray(), target);

        var given = await successor.NextSessionAsync();
        Assert.Equal("two"u8.ToArray(), (await successor.NextSessionAsync()).NextSent());
        Assert.True(given.WasClosed);
        Assert.Equal((1, 2L), (port.Active, port.GetStatistics().Total));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_session_that_is_opened_while_its_port_is_closed_or_its_client_shut_out_ends_at_once(bool isClosed)
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback);
        _tunnel.OnOpeningSession = () =>
        {
            if (isClosed)
                port.Close(TimeSpan.Zero);
            else
                port.Update(new EdgePortPolicy { DenyCidrs = CidrSet.Parse("127.0.0.1") });
        };
        using var client = CreateClient("127.0.0.1");
        await client.SendToAsync("one"u8.ToArray(), new IPEndPoint(IPAddress.Loopback, port.Number));

        var session = await _tunnel.NextSessionAsync();
        await Eventually.IsTrueAsync(() => session.WasClosed && port.Active == 0, "its end");
    }

    [Fact]
    public async Task A_policys_idle_timeout_is_its_own()
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback, new EdgePortPolicy { IdleTimeout = 300 });
        var usual = _fixture.ListenUdp(IPAddress.Loopback);
        using var client = CreateClient("127.0.0.1");
        await client.SendToAsync(new byte[1], new IPEndPoint(IPAddress.Loopback, port.Number));
        await client.SendToAsync(new byte[1], new IPEndPoint(IPAddress.Loopback, usual.Number));
        (await _tunnel.NextSessionAsync()).NextSent();
        (await _tunnel.NextSessionAsync()).NextSent();
        Assert.Equal((1, 1), (port.Active, usual.Active));

        _fixture.Time.Advance(TimeSpan.FromSeconds(65));
        Assert.Equal((1, 0), (port.Active, usual.Active));
        _fixture.Time.Advance(TimeSpan.FromSeconds(240));
        Assert.Equal(0, port.Active);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_gets_ten_times_what_it_sent_until_it_sends_again(bool guard)
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback, new EdgePortPolicy { AmplificationGuard = guard });
        using var client = CreateClient("127.0.0.1");
        var (session, target) = await OpenAsync(client, port, new byte[72]);

        // Headers are counted too: 100 bytes of questions, 600 + 400 of answers.
        session.Sink.OnDatagram(new byte[572]);
        session.Sink.OnDatagram(new byte[373]);
        session.Sink.OnDatagram(new byte[372]);
        session.Sink.OnDatagram(new byte[1]);
        Assert.Equal(guard ? 2 : 0, port.GetStatistics().Blocked.GetValueOrDefault("udpAmplification"));
        foreach (var length in guard ? (int[])[572, 372] : [572, 373, 372, 1])
            Assert.Equal(length, (await ReceiveAsync(client)).Payload.Length);

        await client.SendToAsync("more"u8.ToArray(), target);
        Assert.Equal("more"u8.ToArray(), session.NextSent());
        session.Sink.OnDatagram(new byte[9000]);
        Assert.Equal(9000, (await ReceiveAsync(client)).Payload.Length);
    }

    [Fact]
    public async Task What_a_client_sends_too_fast_is_dropped_and_counted()
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback, new EdgePortPolicy { UploadRate = 10_000 });
        var target = new IPEndPoint(IPAddress.Loopback, port.Number);
        using var client = CreateClient("127.0.0.1");
        using var other = CreateClient("127.0.0.1");
        for (var i = 0; i < 5; i++)
            await client.SendToAsync(new byte[1000], target);
        var session = await _tunnel.NextSessionAsync();
        session.NextSent();
        await Eventually.IsTrueAsync(() => Dropped() == 4, "the others are dropped");

        // Each client has a rate of its own.
        await other.SendToAsync(new byte[1000], target);
        (await _tunnel.NextSessionAsync()).NextSent();
        _fixture.Time.Advance(TimeSpan.FromMilliseconds(100));
        await client.SendToAsync(new byte[1000], target);
        session.NextSent();
        Assert.Equal(4, Dropped());

        long Dropped() => port.GetStatistics().Blocked.GetValueOrDefault("udpUploadRate");
    }

    [Fact]
    public async Task Two_addresses_written_to_are_two_sessions()
    {
        var port = _fixture.ListenUdp(IPAddress.Any);
        using var client = CreateClient("127.0.0.1");
        await client.SendToAsync(new byte[1], new IPEndPoint(IPAddress.Loopback, port.Number));
        Assert.Equal(IPAddress.Loopback, (await _tunnel.NextSessionAsync()).Opening.Destination!.Address);
        await client.SendToAsync(new byte[1], new IPEndPoint(SecondAddress, port.Number));
        Assert.Equal(SecondAddress, (await _tunnel.NextSessionAsync()).Opening.Destination!.Address);
        Assert.Equal(2, port.Active);
    }

    [Fact]
    public async Task Empty_and_largest_datagrams_pass()
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback);
        using var client = CreateClient("127.0.0.1");
        var target = new IPEndPoint(IPAddress.Loopback, port.Number);
        var largest = new byte[65507];
        Random.Shared.NextBytes(largest);

        await client.SendToAsync(Array.Empty<byte>(), target);
        var session = await _tunnel.NextSessionAsync();
        Assert.Empty(session.NextSent());
        await client.SendToAsync(largest, target);
        Assert.Equal(largest, session.NextSent());
        session.Sink.OnDatagram(largest);
        Assert.Equal(largest, (await ReceiveAsync(client)).Payload);
    }

    [Fact]
    public async Task A_burst_arrives_in_order()
    {
        const int Datagrams = 300;
        var port = _fixture.ListenUdp(IPAddress.Loopback);
        using var client = CreateClient("127.0.0.1");
        for (var number = 0; number < Datagrams; number++)
            client.SendTo(BitConverter.GetBytes(number), new IPEndPoint(IPAddress.Loopback, port.Number));
        var session = await _tunnel.NextSessionAsync();
        for (var number = 0; number < Datagrams; number++)
            Assert.Equal(number, BitConverter.ToInt32(session.NextSent()));
        Assert.Equal(1, port.Active);
    }

    [Fact]
    public async Task When_the_tunnel_is_lost_the_next_datagram_opens_a_session_in_the_new_one()
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback);
        using var client = CreateClient("127.0.0.1");
        var target = new IPEndPoint(IPAddress.Loopback, port.Number);
        await client.SendToAsync(new byte[] { 1 }, target);
        var first = await _tunnel.NextSessionAsync();
        first.NextSent();

        _fixture.Tunnels.Current = null;
        first.Lose();
        Assert.Equal(0, port.Active);
        await client.SendToAsync(new byte[] { 2 }, target);
        await Eventually.IsTrueAsync(() => _fixture.Refusals[RefusalReason.UdpNoTunnel] == 1, "the datagram is counted");

        var next = new FakeTunnel();
        _fixture.Tunnels.Current = next;
        await client.SendToAsync(new byte[] { 3 }, target);
        var second = await next.NextSessionAsync();
        Assert.Equal([3], second.NextSent());
    }

    [Fact]
    public async Task A_full_table_closes_a_session_for_the_new_one()
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback);
        var target = new IPEndPoint(IPAddress.Loopback, port.Number);
        var sessions = new List<FakeSession>();
        for (var count = 0; count < 3; count++)
        {
            using var client = CreateClient("127.0.0.1");
            await client.SendToAsync(new byte[1], target);
            sessions.Add(await _tunnel.NextSessionAsync());
        }

        await Eventually.IsTrueAsync(() => sessions[0].WasClosed, "the oldest is closed");
        Assert.False(sessions[1].WasClosed);
        Assert.Equal(1, _fixture.Refusals[RefusalReason.UdpSessionEvicted]);
    }

    [Fact]
    public async Task An_idle_session_is_closed_and_an_answered_one_lives_on()
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback);
        var target = new IPEndPoint(IPAddress.Loopback, port.Number);
        using var idleClient = CreateClient("127.0.0.1");
        using var busyClient = CreateClient("127.0.0.1");
        await idleClient.SendToAsync(new byte[1], target);
        var idle = await _tunnel.NextSessionAsync();
        await busyClient.SendToAsync(new byte[1], target);
        var busy = await _tunnel.NextSessionAsync();
        await Eventually.IsTrueAsync(() => port.Active == 2, "both are there");

        _fixture.Time.Advance(TimeSpan.FromSeconds(50));
        busy.Sink.OnDatagram([1]);
        _fixture.Time.Advance(TimeSpan.FromSeconds(20));

        Assert.True(idle.WasClosed);
        Assert.False(busy.WasClosed);
    }

    [Fact]
    public async Task A_queue_that_is_full_costs_the_datagram_and_not_the_session()
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback);
        using var client = CreateClient("127.0.0.1");
        var target = new IPEndPoint(IPAddress.Loopback, port.Number);
        await client.SendToAsync(new byte[1], target);
        var session = await _tunnel.NextSessionAsync();
        session.NextSent();
        session.TakesDatagrams = false;
        await client.SendToAsync(new byte[1], target);
        await Eventually.IsTrueAsync(() => session.Refused == 1, "the datagram is dropped, and counted, by the tunnel");
        Assert.Equal(1, port.Active);
        Assert.Empty(_fixture.Refusals.DatagramsToDictionary());
    }

    [Fact]
    public async Task A_session_that_ends_while_a_datagram_is_on_its_way_to_it_is_opened_again_for_it()
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback);
        using var client = CreateClient("127.0.0.1");
        var target = new IPEndPoint(IPAddress.Loopback, port.Number);
        await client.SendToAsync(new byte[1], target);
        var session = await _tunnel.NextSessionAsync();
        session.NextSent();
        session.EndsWithNext = true;
        await client.SendToAsync(new byte[] { 7 }, target);

        var next = await _tunnel.NextSessionAsync();
        Assert.Equal([7], next.NextSent());
        Assert.Empty(_fixture.Refusals.DatagramsToDictionary());
    }

    [Fact]
    public void What_the_kernel_dropped_at_a_port_is_counted_within_a_second_and_at_its_end()
    {
        var socket = new FloodedSocket();
        var port = UdpPort.Start(socket, _fixture.Admission(PortKey.Udp(53)), _fixture.Sessions, NullLogger.Instance);
        socket.Overflows = 3;
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(3, _fixture.Refusals[RefusalReason.UdpReceiveOverflow]);
        socket.Overflows = 5;
        port.Close(TimeSpan.Zero);
        Assert.Equal(5, _fixture.Refusals.DatagramsToDictionary()["udpReceiveOverflow"]);
    }

    [Fact]
    public async Task What_the_kernel_drops_is_what_was_sent_and_not_received()
    {
        using var socket = DatagramSocket.Open(new IPEndPoint(IPAddress.Loopback, 0), SocketStore.None, PlentyOfDescriptors.Guard);
        using var client = CreateClient("127.0.0.1");
        const int Sent = 20_000;
        var datagram = new byte[1000];
        for (var i = 0; i < Sent; i++)
            await client.SendToAsync(datagram, new IPEndPoint(IPAddress.Loopback, socket.LocalPort));

        var counted = new Counted();
        while (socket.Receive(counted))
        {
        }

        Assert.NotEqual(0u, socket.Overflows);
        Assert.Equal(Sent, counted.Datagrams + (int)socket.Overflows);
    }

    [Fact]
    public async Task A_closed_port_ends_its_sessions()
    {
        var port = _fixture.ListenUdp(IPAddress.Loopback);
        using var client = CreateClient("127.0.0.1");
        await client.SendToAsync(new byte[1], new IPEndPoint(IPAddress.Loopback, port.Number));
        var session = await _tunnel.NextSessionAsync();
        await Eventually.IsTrueAsync(() => port.Active == 1, "the session is there");

        port.Close(TimeSpan.FromSeconds(30));

        Assert.True(session.WasClosed);
        Assert.Equal(0, _fixture.Sessions.Count);
    }

    /// <summary>Sends a client's first datagram to a port, which opens its session and comes out of that.</summary>
    private async Task<(FakeSession Session, IPEndPoint Target)> OpenAsync(Socket client, UdpPort port, byte[] first)
    {
        var target = new IPEndPoint(IPAddress.Loopback, port.Number);
        await client.SendToAsync(first, target);
        var session = await _tunnel.NextSessionAsync();
        Assert.Equal(first, session.NextSent());
        return (session, target);
    }

    /// <summary>Lets what is open go over to a tunnel to the same hub; or to another one's, because its own is gone.</summary>
    private FakeTunnel LetGoOver(bool isGone)
    {
        var next = new FakeTunnel();
        if (isGone)
            (_fixture.Tunnels.Gone[_tunnel], _fixture.Tunnels.Current) = (UdpSession.Patience, next);
        else
            _tunnel.Successor = next;
        return next;
    }

    private static Socket CreateClient(string address)
    {
        var from = IPAddress.Parse(address);
        var client = new Socket(from.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20 };
        client.Bind(new IPEndPoint(from, 0));
        return client;
    }

    private static async Task<(byte[] Payload, EndPoint Sender)> ReceiveAsync(Socket client)
    {
        var buffer = new byte[65536];
        var any = new IPEndPoint(client.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        var received = await client.ReceiveFromAsync(buffer, any).Soon();
        return (buffer[..received.ReceivedBytes], received.RemoteEndPoint);
    }

    private sealed class Counted : IDatagramReceiver
    {
        public int Datagrams { get; private set; }

        public void OnDatagram(in DatagramPath path, ReadOnlySpan<byte> payload) => Datagrams++;

        public void OnCut(int count)
        {
        }
    }

    private sealed class FloodedSocket : IDatagramSocket
    {
        private readonly TaskCompletionSource<bool> _closed = new();

        public int LocalPort => 53;

        public uint Overflows { get; set; }

        public ValueTask<bool> WaitReadableAsync() => new(_closed.Task);

        public bool Receive(IDatagramReceiver receiver) => false;

        public bool TryAdd(object owner, ReadOnlySpan<byte> payload) => true;

        public int Send(object owner, in DatagramPath path) => 0;

        public void Leave() => Dispose();

        public void Dispose() => _closed.TrySetResult(false);
    }
}
