using System.Net;
using System.Net.Sockets;
using System.Text;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities.Processes;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Hub.UnitTests.Forwarding;

public sealed class SessionForwarderTests : IDisposable
{
    private readonly Socket _upstream = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    public SessionForwarderTests() => _upstream.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    public void Dispose() => _upstream.Dispose();

    private int Port => ((IPEndPoint)_upstream.LocalEndPoint!).Port;

    [Theory]
    [InlineData(UdpProxyProtocol.Each, true, true)]
    [InlineData(UdpProxyProtocol.First, true, false)]
    [InlineData(UdpProxyProtocol.Off, false, false)]
    public async Task Datagrams_carry_the_header_of_the_policy(UdpProxyProtocol policy, bool first, bool second)
    {
        using var hub = Connected(new PortPolicyDefinition { UdpProxyProtocol = policy });
        var (_, sink) = hub.OpenSession();
        sink!.OnDatagram("one"u8);
        sink.OnDatagram("two"u8);

        Assert.Equal(("one", first), Split((await ReceiveAsync()).Datagram));
        Assert.Equal(("two", second), Split((await ReceiveAsync()).Datagram));
    }

    [Fact]
    public async Task A_session_gets_its_upstream_in_its_edge_s_turn_and_what_came_before_waits_for_that()
    {
        using var hub = Connected(new PortPolicyDefinition { UdpProxyProtocol = UdpProxyProtocol.Off });
        var turns = new List<(string Edge, Action Work)>();
        hub.Sessions.TakeTurn = (edge, work) =>
        {
            turns.Add((edge, work));
            return turns.Count < 2;
        };
        var (_, sink) = hub.OpenSession();
        sink!.OnDatagram("hello"u8);

        var turn = Assert.Single(turns);
        Assert.Equal("a", turn.Edge);
        Assert.Equal(0, _upstream.Available);
        turn.Work();

        Assert.Equal("hello", Encoding.ASCII.GetString((await ReceiveAsync()).Datagram));

        // This is one session too many.
        var (session, _) = hub.OpenSession();
        Assert.False(session.IsOpen);
        Assert.Equal(1, hub.Sessions.Failures.Snapshot()["tooManySessions"]);
        Assert.Equal(1, hub.Sessions.Count);
    }

    [Fact]
    public async Task Replies_that_come_too_fast_are_dropped_and_counted()
    {
        using var hub = Connected(new PortPolicyDefinition { DownloadRate = 10_000 });
        var (session, sink) = hub.OpenSession();
        sink!.OnDatagram("hello"u8);
        var (_, from) = await ReceiveAsync();

        // The first datagram passes whole, though it is more than a tenth of a second may have.
        foreach (var size in (int[])[1500, 1, 1, 1])
            await _upstream.SendToAsync(new byte[size], from);
        Assert.Equal(1500, (await session.NextReplyAsync()).Length);
        await Eventually.IsTrueAsync(() => hub.Sessions.Dropped.GetValueOrDefault("downloadRate") == 3, "the others are dropped");

        hub.Time.Advance(TimeSpan.FromMilliseconds(200));
        await _upstream.SendToAsync(new byte[2], from);
        Assert.Equal(2, (await session.NextReplyAsync()).Length);
        Assert.Equal(3, hub.Traffic.Of("a", udp: true, 80).Describe(isListening: true, null).Errors["downloadRate"]);
    }

    [Fact]
    public async Task Replies_of_any_size_go_back()
    {
        using var hub = Connected(new PortPolicyDefinition());
        var (session, sink) = hub.OpenSession();
        sink!.OnDatagram("hello"u8);
        var (_, from) = await ReceiveAsync();

        foreach (var size in (int[])[0, 1, 1500, 65_507])
        {
            await _upstream.SendToAsync(new byte[size], from);
            Assert.Equal(size, (await session.NextReplyAsync()).Length);
        }
    }

    [Fact]
    public async Task Two_sessions_do_not_mix()
    {
        using var hub = Connected(new PortPolicyDefinition { UdpProxyProtocol = UdpProxyProtocol.Off });
        var a = hub.OpenSession();
        var b = hub.OpenSession();
        a.Sink!.OnDatagram("a"u8);
        var (_, fromA) = await ReceiveAsync();
        b.Sink!.OnDatagram("b"u8);
        var (_, fromB) = await ReceiveAsync();

        await _upstream.SendToAsync("to b"u8.ToArray(), fromB);
        await _upstream.SendToAsync("to a"u8.ToArray(), fromA);
        Assert.Equal("to a", Encoding.ASCII.GetString(await a.Session.NextReplyAsync()));
        Assert.Equal("to b", Encoding.ASCII.GetString(await b.Session.NextReplyAsync()));
    }

    [Fact]
    public void A_hub_that_is_full_gives_up_the_session_that_was_idle_longest()
    {
        using var hub = Connected(new PortPolicyDefinition { IdleTimeout = 3600 });
        var sessions = Enumerable.Range(0, 4).Select(_ => hub.OpenSession()).ToArray();
        foreach (var number in new[] { 1, 0, 3, 2 })
        {
            hub.Time.Advance(TimeSpan.FromSeconds(1));
            sessions[number].Sink!.OnDatagram("x"u8);
        }

        var (newcomer, _) = hub.OpenSession();
        Assert.Equal([false, true, false, false], sessions.Select(session => !session.Session.IsOpen));
        Assert.True(newcomer.IsOpen);
        Assert.Equal((4, 1), (hub.Sessions.Count, hub.Sessions.Failures[SessionFailure.Evicted]));
    }

    [Fact]
    public void Sessions_have_half_of_the_memory_budget_and_give_it_back()
    {
        using var hub = new ForwardingFixture(memoryBudget: 40 << 10);
        hub.Gate.Options = hub.Gate.Options with { MaxSessions = 1000 };
        hub.ConnectEdge(new PortPolicyDefinition { TargetPort = Port });
        var sessions = Enumerable.Range(0, 15).Select(_ => hub.OpenSession()).ToArray();

        Assert.Equal((10, 5, 20 << 10), (hub.Sessions.Count, hub.Sessions.Failures[SessionFailure.Evicted], hub.Budget.Used));
        foreach (var (_, sink) in sessions)
            sink!.OnSessionClosed();
        Assert.Equal((0, 0), (hub.Sessions.Count, hub.Budget.Used));

        Assert.True(hub.Budget.TryTake(39 << 10));
        Assert.Null(hub.OpenSession().Sink);
        Assert.Equal(1, hub.Sessions.Failures[SessionFailure.TooManySessions]);
    }

    [Fact]
    public async Task An_idle_session_ends_and_any_datagram_keeps_it()
    {
        using var hub = Connected(new PortPolicyDefinition { IdleTimeout = 30 });
        var (session, sink) = hub.OpenSession();
        hub.Time.Advance(TimeSpan.FromSeconds(29));
        sink!.OnDatagram("x"u8);
        hub.Time.Advance(TimeSpan.FromSeconds(29));
        var (_, from) = await ReceiveAsync();
        await _upstream.SendToAsync("y"u8.ToArray(), from);
        await session.NextReplyAsync();
        hub.Time.Advance(TimeSpan.FromSeconds(39));
        Assert.True(session.IsOpen);
        hub.Time.Advance(TimeSpan.FromSeconds(2));

        await session.ClosedAsync();
        Assert.Equal(0, hub.Sessions.Count);
        // A datagram that comes late does no harm.
        sink.OnDatagram("late"u8);
    }

    [Fact]
    public void The_idle_timeout_is_a_minute_when_nothing_is_said_and_the_edge_has_ten_seconds_to_end_it_first()
    {
        using var hub = Connected(new PortPolicyDefinition());
        var (session, _) = hub.OpenSession();
        hub.Time.Advance(TimeSpan.FromSeconds(69));
        Assert.True(session.IsOpen);
        hub.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(session.IsOpen);
    }

    [Fact]
    public void Without_descriptors_to_spare_a_session_ends_and_is_counted()
    {
        using var descriptors = new DescriptorGuard(() => DescriptorGuard.MinLimit, TimeProvider.System);
        descriptors.OnShortage();
        using var hub = new ForwardingFixture(descriptors: descriptors);
        hub.ConnectEdge(new PortPolicyDefinition { TargetPort = Port });
        var (session, _) = hub.OpenSession();

        Assert.False(session.IsOpen);
        Assert.Equal((0, 1), (hub.Sessions.Count, hub.Sessions.Failures[SessionFailure.DescriptorLimit]));
    }

    [Fact]
    public async Task An_upstream_that_is_not_there_is_counted_and_the_session_goes_on()
    {
        using var hub = Connected(new PortPolicyDefinition());
        var port = Port;
        _upstream.Dispose();
        var (session, sink) = hub.OpenSession();
        sink!.OnDatagram("lost"u8);
        using var patience = new CancellationTokenSource(Patience.Limit);
        while (hub.Sessions.Failures[SessionFailure.Refused] == 0)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        using var again = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        again.Bind(new IPEndPoint(IPAddress.Loopback, port));
        sink.OnDatagram("found"u8);
        var buffer = new byte[100];
        var count = await again.ReceiveAsync(buffer).WaitAsync(Patience.Limit);
        Assert.Equal("found", Split(buffer[..count]).Payload);
        Assert.True(session.IsOpen);
    }

    [Fact]
    public async Task An_upstream_that_listens_at_another_of_its_addresses_is_found_by_the_session_and_at_once_by_the_next()
    {
        using var hub = new ForwardingFixture(lookUp: _ => Task.FromResult<IPAddress[]>([Elsewhere, IPAddress.Loopback]));
        hub.ConnectEdge(Named);
        await SendUntilReceivedAsync(hub.OpenSession().Sink!);
        Assert.NotEqual(0, hub.Sessions.Failures[SessionFailure.Refused]);

        var refused = hub.Sessions.Failures[SessionFailure.Refused];
        hub.OpenSession().Sink!.OnDatagram("next"u8);
        Assert.EndsWith("next", Encoding.ASCII.GetString((await ReceiveAsync()).Datagram));
        Assert.Equal(refused, hub.Sessions.Failures[SessionFailure.Refused]);
    }

    [Fact]
    public async Task A_service_on_IPv6_alone_is_found_behind_a_name_that_has_both()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "IPv6 is off on this machine.");
        using var upstream = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = false };
        upstream.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        using var hub = new ForwardingFixture(lookUp: _ => Task.FromResult<IPAddress[]>([IPAddress.IPv6Loopback, IPAddress.Loopback]));
        hub.ConnectEdge(Named with { TargetPort = ((IPEndPoint)upstream.LocalEndPoint!).Port });
        await SendUntilReceivedAsync(hub.OpenSession().Sink!, upstream);
    }

    [Fact]
    public async Task A_client_that_keeps_sending_follows_a_name_that_has_moved_with_a_pause_between_questions()
    {
        var asked = 0;
        using var hub = new ForwardingFixture(
            lookUp: _ => Task.FromResult<IPAddress[]>([Interlocked.Increment(ref asked) < 3 ? Elsewhere : IPAddress.Loopback]));
        hub.ConnectEdge(Named);
        var (session, sink) = hub.OpenSession();
        for (var i = 0; i < 100; i++)
            sink!.OnDatagram("x"u8);
        Assert.InRange(asked, 1, 2);

        await SendUntilReceivedAsync(sink!, advance: () => hub.Time.Advance(TimeSpan.FromMilliseconds(500)));
        Assert.True(session.IsOpen);
    }

    [Fact]
    public async Task An_upstream_that_is_silent_is_looked_for_where_its_name_leads_by_now()
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        silent.Bind(new IPEndPoint(Elsewhere, Port));
        IPAddress[] addresses = [Elsewhere];
        using var hub = new ForwardingFixture(lookUp: _ => Task.FromResult(addresses));
        hub.ConnectEdge(Named);
        var (_, sink) = hub.OpenSession();
        sink!.OnDatagram("x"u8);
        hub.Time.Advance(TimeSpan.FromSeconds(1));
        addresses = [IPAddress.Loopback];
        sink.OnDatagram("y"u8);
        hub.Time.Advance(TimeSpan.FromSeconds(11));

        await SendUntilReceivedAsync(sink);
        Assert.Equal(0, hub.Sessions.Failures[SessionFailure.Refused]);
    }

    [Fact]
    public async Task Replies_that_the_kernel_dropped_are_counted()
    {
        using var hub = Connected(new PortPolicyDefinition { UdpProxyProtocol = UdpProxyProtocol.Off });
        var (session, sink) = hub.OpenSession();
        session.BeginBlocking();
        sink!.OnDatagram("hello"u8);
        var (_, from) = await ReceiveAsync();
        const int Sent = 5_000;
        var reply = new byte[1000];
        for (var i = 0; i < Sent; i++)
            await _upstream.SendToAsync(reply, from);
        session.EndBlocking();
        var received = 0;
        using var patience = new CancellationTokenSource(Patience.Limit);
        while (received + hub.Sessions.Failures[SessionFailure.ReceiveOverflow] < Sent)
        {
            patience.Token.ThrowIfCancellationRequested();
            while (session.TryNextReply())
                received++;
            hub.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
            sink.OnDatagram("still here"u8);
        }

        Assert.NotEqual(0, hub.Sessions.Failures[SessionFailure.ReceiveOverflow]);
        Assert.Equal(Sent, received + hub.Sessions.Failures[SessionFailure.ReceiveOverflow]);
    }

    [Theory]
    [InlineData(65_507 - 28, 0)]
    [InlineData(65_507 - 27, 1)]
    public void What_is_too_large_with_its_header_is_dropped_and_counted(int length, int dropped)
    {
        using var hub = Connected(new PortPolicyDefinition());
        hub.OpenSession().Sink!.OnDatagram(new byte[length]);

        Assert.Equal(dropped, hub.Sessions.Failures[SessionFailure.TooLarge]);
    }

    [Fact]
    public void A_port_that_is_not_assigned_and_one_session_too_many_are_refused()
    {
        using var hub = Connected(new PortPolicyDefinition());
        Assert.Null(hub.OpenSession(port: 53).Sink);
        hub.Tunnel.ActiveSessions = 101;
        Assert.Null(hub.OpenSession().Sink);

        Assert.Equal(
            (1, 1), (hub.Sessions.Failures[SessionFailure.PortNotAssigned], hub.Sessions.Failures[SessionFailure.TooManySessions]));
        Assert.Equal(0, hub.Sessions.Count);
    }

    [Fact]
    public async Task Datagrams_wait_for_the_name_but_not_too_many()
    {
        var answer = new TaskCompletionSource<IPAddress[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var hub = new ForwardingFixture(lookUp: _ => answer.Task);
        hub.ConnectEdge(new PortPolicyDefinition { TargetHost = "dns.example", TargetPort = Port });
        var (_, sink) = hub.OpenSession();
        for (var i = 0; i < 18; i++)
            sink!.OnDatagram([(byte)i]);
        answer.SetResult([IPAddress.Loopback]);

        for (var i = 0; i < 16; i++)
            Assert.Equal(i, (await ReceiveAsync()).Datagram[^1]);
        Assert.Equal(2, hub.Sessions.Failures[SessionFailure.NotReady]);
    }

    [Fact]
    public async Task What_has_waited_for_the_name_for_too_long_is_dropped_counted_and_costs_nothing_any_more()
    {
        var answer = new TaskCompletionSource<IPAddress[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var hub = new ForwardingFixture(lookUp: _ => answer.Task);
        hub.ConnectEdge(
            new PortPolicyDefinition { TargetHost = "dns.example", TargetPort = Port, UdpProxyProtocol = UdpProxyProtocol.Off });
        var (_, sink) = hub.OpenSession();
        sink!.OnDatagram("old"u8);
        Assert.NotEqual(0, hub.Memory.Used);
        hub.Time.Advance(TimeSpan.FromMilliseconds(101));
        sink.OnDatagram("new"u8);
        answer.SetResult([IPAddress.Loopback]);

        Assert.Equal("new", Encoding.ASCII.GetString((await ReceiveAsync()).Datagram));
        Assert.Equal((1, 0), (hub.Sessions.Failures[SessionFailure.Expired], hub.Memory.Used));
    }

    [Fact]
    public void A_name_that_nobody_answers_for_holds_no_more_than_the_memory_for_datagrams_and_gives_it_back()
    {
        using var hub = new ForwardingFixture(lookUp: _ => new TaskCompletionSource<IPAddress[]>().Task);
        hub.Gate.Options = hub.Gate.Options with { MaxSessions = 1000 };
        hub.ConnectEdge(new PortPolicyDefinition { TargetHost = "silent.example" });
        var large = new byte[60_000];
        var sent = 0;
        for (var i = 0; i < 300; i++)
        {
            var (_, sink) = hub.OpenSession();
            for (var j = 0; j < 16; j++, sent++)
                sink!.OnDatagram(large);
        }

        Assert.InRange(hub.Memory.Used, hub.Memory.Limit / 2, hub.Memory.Limit);
        hub.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, hub.Memory.Used);
        Assert.Equal(sent, hub.Sessions.Failures[SessionFailure.NotReady] + hub.Sessions.Failures[SessionFailure.Expired]);
    }

    [Fact]
    public async Task What_waits_for_the_name_when_the_session_ends_is_counted()
    {
        var answer = new TaskCompletionSource<IPAddress[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var hub = new ForwardingFixture(lookUp: _ => answer.Task);
        hub.ConnectEdge(new PortPolicyDefinition { TargetHost = "nowhere.example" });
        var (session, sink) = hub.OpenSession();
        sink!.OnDatagram("a"u8);
        answer.SetResult([]);

        await session.ClosedAsync();
        sink.OnDatagram("b"u8);
        Assert.Equal((2, 0), (hub.Sessions.Failures[SessionFailure.SessionGone], hub.Memory.Used));
    }

    [Fact]
    public async Task A_name_that_had_no_address_a_moment_ago_ends_the_next_session_too_and_is_asked_for_again()
    {
        IPAddress[] addresses = [];
        using var hub = new ForwardingFixture(lookUp: _ => Task.FromResult(addresses));
        hub.ConnectEdge(new PortPolicyDefinition { TargetHost = "later.example", TargetPort = Port });
        await hub.OpenSession().Session.ClosedAsync();

        Assert.Null(hub.OpenSession().Sink);
        Assert.Equal((2, 0), (hub.Sessions.Failures[SessionFailure.NameNotFound], hub.Sessions.Count));

        addresses = [IPAddress.Loopback];
        hub.Time.Advance(TimeSpan.FromSeconds(6));
        hub.OpenSession().Sink!.OnDatagram("well again"u8);
        Assert.EndsWith("well again", Encoding.ASCII.GetString((await ReceiveAsync()).Datagram));
    }

    [Fact]
    public async Task A_name_without_an_address_ends_the_session()
    {
        using var hub = new ForwardingFixture(lookUp: _ => Task.FromResult<IPAddress[]>([]));
        hub.ConnectEdge(new PortPolicyDefinition { TargetHost = "nowhere.example" });
        var (session, _) = hub.OpenSession();

        await session.ClosedAsync();
        Assert.Equal(1, hub.Sessions.Failures[SessionFailure.NameNotFound]);
    }

    [Fact]
    public void A_session_that_the_tunnel_ends_is_forgotten()
    {
        using var hub = Connected(new PortPolicyDefinition());
        var (session, sink) = hub.OpenSession();
        sink!.OnSessionClosed();

        Assert.Equal(0, hub.Sessions.Count);
        // The session is not ours to close.
        Assert.True(session.IsOpen);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_comes_over_another_tunnel_keeps_its_socket_whether_or_not_the_loss_is_known(bool known)
    {
        using var hub = Connected(new PortPolicyDefinition { UdpProxyProtocol = UdpProxyProtocol.First });
        hub.ConnectAgain();
        var (lost, sink) = hub.OpenSession();
        sink!.OnDatagram("one"u8);
        var (first, from) = await ReceiveAsync();
        Assert.Equal(("one", true), Split(first));
        if (known)
            sink.OnSessionLost();
        Assert.Equal(1, hub.Sessions.Count);

        hub.ConnectAgain();
        var (session, next) = hub.OpenSession();
        next!.OnDatagram("two"u8);

        var (second, again) = await ReceiveAsync();
        Assert.Equal((("two", false), from), (Split(second), again));
        await _upstream.SendToAsync("answer"u8.ToArray(), from);
        Assert.Equal("answer", Encoding.ASCII.GetString(await session.NextReplyAsync()));
        await lost.ClosedAsync();
        Assert.Equal(1, hub.Sessions.Count);
        next.OnSessionClosed();
        Assert.Equal(0, hub.Sessions.Count);
    }

    [Fact]
    public async Task A_session_whose_tunnel_is_lost_waits_as_long_as_the_grace_and_not_for_another_client()
    {
        using var hub = Connected(new PortPolicyDefinition { UdpProxyProtocol = UdpProxyProtocol.Off, IdleTimeout = 3600 });
        hub.ConnectAgain();
        var (_, sink) = hub.OpenSession();
        sink!.OnDatagram("one"u8);
        var (_, from) = await ReceiveAsync();
        sink.OnSessionLost();
        hub.ConnectAgain();
        var other = ((IHubTunnelHandler)hub.Live).OnSessionOpened(
            hub.Tunnel, new FakeSession(),
            new StreamOpening(new IPEndPoint(ForwardingFixture.Client.Address, 40_001), ForwardingFixture.Public, 80));
        other!.OnDatagram("two"u8);
        Assert.NotEqual(from, (await ReceiveAsync()).From);
        Assert.Equal(2, hub.Sessions.Count);

        hub.Time.Advance(TransportContext.DefaultResumeGrace - TimeSpan.FromSeconds(1));
        Assert.Equal(2, hub.Sessions.Count);
        hub.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, hub.Sessions.Count);
    }

    private static IPAddress Elsewhere { get; } = IPAddress.Parse("127.0.0.77");

    private PortPolicyDefinition Named => new() { TargetHost = "dns.example", TargetPort = Port, UdpProxyProtocol = UdpProxyProtocol.Off };

    private async Task SendUntilReceivedAsync(IDatagramSink sink, Socket? upstream = null, Action? advance = null)
    {
        var received = (upstream ?? _upstream).ReceiveAsync(new byte[100]);
        using var patience = new CancellationTokenSource(Patience.Limit);
        while (!received.IsCompleted)
        {
            patience.Token.ThrowIfCancellationRequested();
            sink.OnDatagram("hello"u8);
            advance?.Invoke();
            await Task.Yield();
        }

        // This takes what came before the test noticed.
        while ((upstream ?? _upstream).Poll(0, SelectMode.SelectRead))
            await (upstream ?? _upstream).ReceiveAsync(new byte[100]);
    }

    private ForwardingFixture Connected(PortPolicyDefinition policy)
    {
        var hub = new ForwardingFixture();
        hub.ConnectEdge(policy with { TargetPort = Port });
        return hub;
    }

    private async Task<(byte[] Datagram, EndPoint From)> ReceiveAsync()
    {
        var buffer = new byte[70_000];
        var received = await _upstream.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0)).WaitAsync(Patience.Limit);
        return (buffer[..received.ReceivedBytes], received.RemoteEndPoint);
    }

    private static (string Payload, bool HasHeader) Split(byte[] datagram)
    {
        var hasHeader = ProxyV2.TryParse(datagram, out var header, out var consumed) == ProxyParseStatus.Complete;
        if (hasHeader)
        {
            Assert.Equal(
                (ForwardingFixture.Client, ForwardingFixture.Public, ProxyTransport.Datagram),
                (header.Source, header.Destination, header.Transport));
        }

        return (Encoding.ASCII.GetString(datagram.AsSpan(consumed)), hasHeader);
    }
}
