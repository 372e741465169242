using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Connecting;

/// <summary>A new client goes to the best of three hubs.</summary>
public sealed class HubConnectionsTests : IAsyncDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly Dictionary<string, FakeDialer> _dialers = [];
    private readonly CancellationTokenSource _stop = new();
    private HubConnections? _hubs;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _hubs?.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task Each_hub_has_a_tunnel_and_the_one_with_the_least_load_gets_a_client()
    {
        var (a, b, c) = await ConnectAsync(HubPreference.Load);
        var turns = Enumerable.Range(0, 300).Select(turn => (Tunnel: Usable!, IsEven: turn % 2 == 0)).ToArray();
        Assert.All((ITunnel[])[a, b, c], tunnel => Assert.InRange(turns.Count(turn => turn.IsEven && turn.Tunnel == tunnel), 40, 60));
        (a.ActiveStreams, b.ActiveStreams, c.ActiveStreams) = (2, 1, 2);
        Assert.Same(b, Usable);
        b.ActiveSessions = 2;
        (a.ActiveStreams, c.ActiveStreams) = (2, 1);
        Assert.Same(c, Usable);
        Assert.Equal(3, _hubs!.Totals.Open);
        Assert.Equal(["a", "b", "c"], _hubs.Links.Select(link => link.Options.HubHost));
        Assert.Equal([true, true, true], _hubs.Links.Select(link => link.Describe().Connected));
    }

    [Fact]
    public async Task By_order_the_first_that_answers_gets_all()
    {
        var (a, b, c) = await ConnectAsync(HubPreference.Order);
        a.ActiveStreams = 100;
        Assert.Same(a, Usable);
        a.IsInDoubt = true;
        Assert.Same(b, Usable);
        _hubs!.Links[1].Record.IsOutdated = true;
        Assert.Same(c, Usable);

        // Worse than an older configuration is a hub that does not answer, and worst is one whose connection is lost.
        (c.IsInDoubt, c.IsLost) = (true, true);
        Assert.Same(b, Usable);
        b.IsLost = true;
        Assert.Same(a, Usable);
        a.IsLost = true;
        Assert.Null(Usable);
    }

    [Fact]
    public async Task A_hub_that_goes_away_or_has_no_room_gets_none_while_others_take_them()
    {
        var (a, b, c) = await ConnectAsync(HubPreference.Order);
        ((IEdgeTunnelHandler)_hubs!.Links[0].Connector).OnGoAway(a, new GoAway(GoAway.Shutdown, 0));
        Assert.Same(b, Usable);
        b.MakeRoom(0);
        Assert.Same(c, Usable);
        c.Lose();
        await Eventually.IsTrueAsync(() => Usable == b, "the end of the third tunnel");
    }

    [Fact]
    public async Task A_hub_that_gives_no_sign_of_life_gets_none_within_two_seconds_of_its_last_word()
    {
        var (a, b, c) = await ConnectAsync(HubPreference.Order);
        Look(8, a, b, c);
        Assert.Same(a, Usable);
        Assert.Equal(8, a.Asked);

        // The first hub is stopped.
        Look(7, b, c);
        Assert.Same(b, Usable);
        Assert.True(_hubs!.Links[0].Describe().Silent);
        Assert.Equal([true, false, false], new[] { a, b, c }.Select(tunnel => _hubs.GoneFor(tunnel) is not null));
        Look(1, a, b, c);
        Assert.Same(a, Usable);

        // All are silent when this machine's own link is cut: the order decides as before.
        Look(20);
        Assert.Same(a, Usable);

        // All hubs seem silent on a machine that has no time: the hub that has spoken last is not the one that was killed.
        Look(1, b);
        Look(7);
        Assert.Equal([true, true, true], _hubs.Links.Select(static link => link.Describe().Silent));
        Assert.Same(b, Usable);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task How_long_a_hub_has_been_gone_counts_from_its_loss_or_silence_whoever_asks(bool isLost, bool isInDoubt)
    {
        var (a, b, c) = await ConnectAsync(HubPreference.Order);
        Look(2, a, b, c);
        GoAndStay(HubConnections.SilenceLimit);
        Look(7, b, c);
        Assert.Equal(7 * HubConnections.LookInterval, _hubs!.GoneFor(a));
        Assert.Null(_hubs.GoneFor(b));

        // Nobody asks while it is well.
        (a.IsLost, a.IsInDoubt) = (false, false);
        Look(100, a, b, c);
        GoAndStay(HubConnections.SilenceLimit);
        Assert.Equal(TimeSpan.Zero, _hubs.GoneFor(a));
        Look(1, b, c);
        Assert.Equal(HubConnections.LookInterval, _hubs.GoneFor(a));

        void GoAndStay(int looks)
        {
            (a.IsLost, a.IsInDoubt) = (isLost, isInDoubt);
            a.CanAsk = !isLost;
            var handler = (ITunnelHandler)_hubs!.Links[0].Connector;
            if (isLost)
                handler.OnLost(a, new TunnelEnd(TunnelEndKind.ConnectionLost, "broken by the test"));
            else if (isInDoubt)
                handler.OnDoubt(a);
            else
                Look(looks, b, c);
        }
    }

    [Fact]
    public async Task A_hub_that_has_said_nothing_since_the_handshake_is_silent_unless_it_can_not_be_asked()
    {
        var (a, b, c) = await ConnectAsync(HubPreference.Order);
        b.CanAsk = false;
        Look(7, c);
        Assert.Equal([true, false, false], _hubs!.Links.Select(static link => link.Describe().Silent));
        Assert.Same(b, Usable);
        Assert.Equal(7, a.Asked);
    }

    [Fact]
    public async Task Whoever_waits_for_a_tunnel_is_woken_by_any_of_them()
    {
        Start(HubPreference.Load, 3);
        var changed = _hubs!.Changed;
        Assert.Null(Usable);
        var tunnel = new FakeTunnel();
        (await _dialers["c"].NextAsync()).Connect(tunnel);
        await changed.Soon();
        Assert.Same(tunnel, Usable);
        Assert.Same(_hubs, _hubs.Source);
    }

    [Fact]
    public async Task What_is_kept_for_a_resume_is_counted_for_each_hub()
    {
        Start(HubPreference.Load, 3);
        List<string?> named = [];
        foreach (var host in (string[])["a", "b", "c"])
            named.Add((await _dialers[host].NextAsync()).Request.Hub);

        Assert.Equal(["a:8443", "b:8443", "c:8443"], named);
    }

    [Fact]
    public void With_one_hub_its_connector_is_asked_and_nobody_is_watched()
    {
        Start(HubPreference.Load, 1);
        Assert.Same(_hubs!.Links[0].Connector, _hubs.Source);
        Assert.Null(_time.UntilNext);
    }

    private ITunnel? Usable => ((ITunnelSource)_hubs!).Usable;

    private void Look(int times, params FakeTunnel[] alive)
    {
        for (var i = 0; i < times; i++)
        {
            foreach (var tunnel in alive)
                tunnel.Heard++;
            _time.Advance(HubConnections.LookInterval);
        }
    }

    private async Task<(FakeTunnel A, FakeTunnel B, FakeTunnel C)> ConnectAsync(HubPreference prefer)
    {
        Start(prefer, 3);
        FakeTunnel[] tunnels = [new(), new(), new()];
        foreach (var (host, tunnel) in new[] { "a", "b", "c" }.Zip(tunnels))
            (await _dialers[host].NextAsync()).Connect(tunnel);
        await Eventually.IsTrueAsync(() => _hubs!.Links.All(link => link.Connector.Status.Connected), "all tunnels");
        return (tunnels[0], tunnels[1], tunnels[2]);
    }

    private void Start(HubPreference prefer, int hubs)
    {
        var options = new TunnelEdgeOptions
        {
            HubHost = "a",
            EdgeId = "edge",
            Secret = "a-secret-of-the-edge",
            Hubs = [.. new HubAddress[] { new("b", 8443, []), new("c", 8443, []) }.Take(hubs - 1)],
        };
        var links = HubLinks.Create(
            options, ConnectorOptions.HelloOf(options, null), [.. options.ForEachHub().Select(Transport)], new ConfigInbox(hubs),
            new IgnoringObserver(), _time,
            NullLogger.Instance);
        _hubs = new HubConnections(links, prefer, _time);
        if (hubs > 1)
            _hubs.Run(_stop.Token);
    }

    private TransportSelector Transport(TunnelEdgeOptions hub)
    {
        _dialers[hub.HubHost] = new FakeDialer();
        var dialer = new HubDialer(_dialers[hub.HubHost], (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]), _time);
        return TransportSelector.Only(dialer, TransportChoice.Configured, _time, NullLogger.Instance);
    }
}
