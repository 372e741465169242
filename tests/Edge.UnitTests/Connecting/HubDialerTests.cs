using System.Net;
using System.Net.Sockets;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Proxies;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Connecting;

public sealed class HubDialerTests
{
    private static readonly IPAddress[] TwoFamilies = [IPAddress.Parse("2001:db8::1"), IPAddress.Parse("192.0.2.1")];

    private readonly ManualTimeProvider _time = new();
    private readonly FakeDialer _dialer = new();

    [Fact]
    public async Task The_second_address_is_tried_250_ms_after_the_first_and_the_first_success_wins()
    {
        var round = DialAsync(TwoFamilies);
        var first = await _dialer.NextAsync();
        Assert.Equal(new IPEndPoint(TwoFamilies[0], 8443), first.Request.Address);
        await Eventually.IsTrueAsync(() => _time.WaitingTimers == 2, "the stagger is timed");
        _time.Advance(HubDialer.Stagger - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, _dialer.Waiting);

        _time.Advance(TimeSpan.FromMilliseconds(1));
        var second = await _dialer.NextAsync();
        Assert.Equal(new IPEndPoint(TwoFamilies[1], 8443), second.Request.Address);
        var tunnel = new FakeTunnel();
        second.Connect(tunnel);

        Assert.Same(tunnel, (await round.Soon()).Tunnel);
        await Eventually.IsTrueAsync(() => first.Cancelled.IsCancellationRequested, "the loser is given up");
    }

    [Fact]
    public async Task After_a_failure_the_next_address_is_tried_at_once()
    {
        var round = DialAsync(TwoFamilies);
        (await _dialer.NextAsync()).Fail(DialFailureKind.Unreachable);
        var tunnel = new FakeTunnel();
        (await _dialer.NextAsync()).Connect(tunnel);
        Assert.Same(tunnel, (await round.Soon()).Tunnel);
    }

    [Fact]
    public async Task When_all_fail_the_failure_that_says_most_is_told()
    {
        var round = DialAsync([.. TwoFamilies, IPAddress.Parse("192.0.2.2")]);
        (await _dialer.NextAsync()).Fail(DialFailureKind.Timeout);
        (await _dialer.NextAsync()).Fail(DialFailureKind.WrongCertificate, "wrong pin");
        (await _dialer.NextAsync()).Fail(DialFailureKind.Unreachable);
        Assert.Equal(new DialFailure(DialFailureKind.WrongCertificate, "wrong pin"), (await round.Soon()).Failure);
    }

    [Fact]
    public async Task A_refused_secret_is_not_tried_elsewhere()
    {
        var round = DialAsync(TwoFamilies);
        (await _dialer.NextAsync()).Fail(DialFailureKind.Unauthorized);
        Assert.Equal(DialFailureKind.Unauthorized, (await round.Soon()).Failure!.Kind);
        Assert.Equal(0, _dialer.Waiting);
    }

    [Fact]
    public async Task An_address_that_does_not_answer_is_given_up()
    {
        var round = DialAsync([TwoFamilies[0]]);
        await _dialer.NextAsync();
        _time.Advance(HubDialer.AttemptTimeout);
        Assert.Equal(DialFailureKind.Timeout, (await round.Soon()).Failure!.Kind);
    }

    [Fact]
    public async Task The_name_is_resolved_at_each_round_and_a_failure_names_it()
    {
        var asked = 0;
        var dialer = new HubDialer(
            _dialer,
            (_, _) =>
                Task.FromException<IPAddress[]>(new SocketException((int)(asked++ == 0 ? SocketError.HostNotFound : SocketError.TryAgain))),
            _time);
        var failure = (await dialer.DialAsync(1, Request(), CancellationToken.None).Soon()).Failure;
        Assert.Equal(DialFailureKind.Unreachable, failure!.Kind);
        Assert.Contains("hub.example", failure.Message);
        await dialer.DialAsync(1, Request(), CancellationToken.None).Soon();
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task Cancelling_ends_the_round()
    {
        using var stop = new CancellationTokenSource();
        var round = DialAsync(TwoFamilies, stop.Token);
        await _dialer.NextAsync();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => round.Soon());
    }

    [Fact]
    public async Task Through_a_proxy_only_the_proxys_name_is_resolved_here()
    {
        Assert.True(ProxyServer.TryParse("socks5://proxy.example:1081", out var proxy));
        var asked = new List<string>();
        var dialer = new HubDialer(
            _dialer,
            (name, _) =>
            {
                asked.Add(name);
                return Task.FromResult<IPAddress[]>([IPAddress.Parse("192.0.2.9")]);
            },
            _time, ProxyRules.Always(proxy));
        var round = dialer.DialAsync(8443, Request(), TestContext.Current.CancellationToken);
        var attempt = await _dialer.NextAsync();
        Assert.Equal(new IPEndPoint(IPAddress.Parse("192.0.2.9"), 1081), attempt.Request.Address);
        Assert.Equal(new ProxyHop(proxy, "hub.example", 8443), attempt.Request.Proxy);
        Assert.Equal(["proxy.example"], asked);
        attempt.Connect(new FakeTunnel());
        Assert.NotNull((await round.Soon()).Tunnel);
    }

    private static DialRequest Request() => new()
    {
        Address = new IPEndPoint(IPAddress.None, 0),
        HostName = "hub.example",
        EdgeId = "edge",
        Secret = "a-secret-of-the-edge",
        Hello = new Hello(),
        Handler = new NoHandler(),
    };

    private Task<DialResult> DialAsync(IPAddress[] addresses, CancellationToken cancellationToken = default) =>
        new HubDialer(_dialer, (_, _) => Task.FromResult(addresses), _time).DialAsync(8443, Request(), cancellationToken);

    private sealed class NoHandler : IEdgeTunnelHandler
    {
        public void OnGoAway(ITunnel tunnel, GoAway goAway)
        {
        }

        public void OnConfig(ITunnel tunnel, TunnelConfig config)
        {
        }
    }
}
