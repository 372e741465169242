using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Configuring;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Ports;
using Tunnel.Edge.PublicAddress;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Connecting;

public sealed class TunnelConnectorTests : IAsyncDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly FakeDialer _dialer = new();
    private readonly FakeBinder _binder = new();
    private readonly LogLines _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("tunnel-edge-state-");
    private readonly HubRenewals _other;
    private readonly TunnelConnector _connector;
    private readonly PortListeners _ports;
    private readonly Task _loops;

    public TunnelConnectorTests()
    {
        var observer = new IgnoringObserver();
        var pins = new PinStore(null, [], NullLogger.Instance);
        var inbox = new ConfigInbox();
        var hub = new HubDialer(_dialer, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]), _time);
        var options = new ConnectorOptions
        {
            HubHost = "hub.example",
            HubPort = 8443,
            EdgeId = "edge",
            Secret = "a-secret-of-the-edge",
            InsecureSkipVerify = false,
            DrainTimeout = TimeSpan.FromSeconds(30),
            Hello = new Hello { Instance = "0123", TakeOver = true },
        };
        var renewals = new HubRenewals(null, options, NullLogger.Instance);
        _other = new HubRenewals(_state.FullName, options, NullLogger.Instance) { Others = [renewals] };
        // Each wait is half of its ceiling.
        _connector = new TunnelConnector(
            options, renewals, TransportSelector.Only(hub, TransportChoice.Configured, _time, NullLogger.Instance), pins, inbox, observer,
            () => 0.5, _time, _log);
        _ports = new PortListeners(_binder, new PortLimit(PlentyOfDescriptors.Guard), TimeSpan.FromSeconds(30), _time, NullLogger.Instance);
        var publicAddress = new PublicAddressMonitor(
            [], (_, _) => throw new NotSupportedException(), Dns.GetHostAddressesAsync, _ => { }, _time, NullLogger.Instance);
        var configs = new ConfigApplier(
            inbox, new IgnoredFilter(), _ports, publicAddress, [new HubRecord(pins)], observer, _time, NullLogger.Instance);
        _loops = Task.WhenAll(Task.Run(() => _connector.RunAsync(_stop.Token)), Task.Run(() => configs.RunAsync(_stop.Token)));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _loops.Soon());
        _ports.Dispose();
        _stop.Dispose();
        _state.Delete(recursive: true);
    }

    [Fact]
    public async Task A_connect_starts_the_tunnel_binds_the_ports_and_reports_them()
    {
        _binder.Errors[PortKey.Tcp(443)] = "address in use";
        var tunnel = await ConnectAsync(Config(rev: 7, 80, 443));

        var report = await tunnel.NextReportAsync();

        Assert.True(tunnel.Started);
        Assert.Same(tunnel, _connector.Current);
        Assert.Equal(Report.ConfigApplied, report.Kind);
        Assert.Equal(7, report.Rev);
        Assert.Equal([new BoundPort(80, "tcp")], report.Bound);
        Assert.Equal([new FailedPort(443, "tcp", "address in use")], report.Failed);
    }

    [Fact]
    public async Task A_tunnel_made_with_the_secret_that_another_hub_has_renewed_takes_over_unless_the_hub_refuses_it()
    {
        const string Shared = "a-secret-that-hubs-share";
        var old = await ConnectAsync(Config(rev: 1, 80));
        Assert.True(_other.Keep("a-secret-of-its-own", null)!.Secret);
        foreach (var pause in SharedSecret.Pauses)
        {
            var refused = await NextDialAsync(pause);
            Assert.Equal("a-secret-of-its-own", refused.Request.Secret);
            refused.Fail(DialFailureKind.Unauthorized);
        }

        Assert.Same(old, _connector.Current);
        Assert.True(_other.Keep(Shared, null)!.Secret);
        var next = new FakeTunnel();
        var dial = await NextDialAsync(SharedSecret.Pauses[0]);
        Assert.Equal(Shared, dial.Request.Secret);
        dial.Connect(next, Config(rev: 2, 80));

        Assert.Equal(GoAway.Replaced, await old.NextGoAwayAsync());
        Assert.Same(next, _connector.Current);
        Assert.Equal(Shared, dial.Request.Renew!(dial.Request).Secret);
    }

    [Fact]
    public async Task A_tunnel_whose_numbers_come_to_their_end_serves_until_another_takes_its_place()
    {
        var old = await ConnectAsync(Config(rev: 1, 80));
        old.Numbers.SetResult();

        (await _dialer.NextAsync()).Fail(DialFailureKind.Unreachable);
        var dial = await NextDialAsync(TimeSpan.FromSeconds(1));
        Assert.Same(old, _connector.Current);
        Assert.False(old.Completion.IsCompleted);

        var next = new FakeTunnel();
        dial.Connect(next, Config(rev: 2, 80));
        Assert.Equal(GoAway.Replaced, await old.NextGoAwayAsync());
        Assert.Same(next, _connector.Current);

        // This holds however long its streams and sessions take.
        old.ActiveSessions = 1;
        _time.Advance(TimeSpan.FromHours(5));
        Assert.False(old.Completion.IsCompleted);
        old.FinishStreams();
        await Eventually.IsTrueAsync(() => _time.UntilNext is not null, "the wait for the session");
        _time.Advance(TimeSpan.FromHours(5));
        Assert.False(old.Completion.IsCompleted);
        old.ActiveSessions = 0;
        await Eventually.IsTrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return old.Completion.IsCompleted;
            },
            "the end of the tunnel after its last session");
        Assert.Same(next, _connector.Current);
        Assert.True(_connector.Status.Connected);
    }

    [Fact]
    public async Task Tunnels_that_others_have_followed_are_not_kept()
    {
        var first = await FollowAsync(await ConnectAsync(Config(rev: 1, 80)));
        for (var i = 0; i < 3; i++)
            await FollowAsync((FakeTunnel)_connector.Current!);

        await Eventually.IsTrueAsync(
            () =>
            {
                GC.Collect();
                return !first.IsAlive;
            },
            "nobody refers to the first tunnel");
    }

    [Fact]
    public async Task A_pushed_configuration_is_applied_and_answered()
    {
        var tunnel = await ConnectAsync(Config(rev: 1, 80));
        await tunnel.NextReportAsync();

        Handler.OnConfig(tunnel, Config(rev: 2, 80, 8080));
        var report = await NextReportAsync(tunnel);

        Assert.Equal(2, report.Rev);
        Assert.Equal([80, 8080], report.Bound.Select(port => port.Port));
    }

    [Fact]
    public async Task Of_many_configurations_at_once_the_last_is_applied_and_few_are_reported()
    {
        var tunnel = await ConnectAsync(Config(rev: 1));
        await tunnel.NextReportAsync();
        for (var rev = 2; rev <= 100; rev++)
            Handler.OnConfig(tunnel, Config(rev, 80));
        Assert.Equal(100, (await NextReportAsync(tunnel)).Rev);
    }

    [Fact]
    public async Task A_port_that_becomes_free_is_reported_again()
    {
        _binder.Errors[PortKey.Tcp(80)] = "address in use";
        var tunnel = await ConnectAsync(Config(rev: 3, 80));
        Assert.Single((await tunnel.NextReportAsync()).Failed);

        _binder.Errors.Clear();
        _time.Advance(PortListeners.RetryInterval);
        var report = await tunnel.NextReportAsync();

        Assert.Equal(3, report.Rev);
        Assert.Empty(report.Failed);
        Assert.Single(report.Bound);
    }

    [Fact]
    public async Task A_lost_tunnel_leaves_the_ports_open_and_is_dialled_again_after_the_backoff()
    {
        var tunnel = await ConnectAsync(Config(rev: 1, 80));
        await tunnel.NextReportAsync();

        tunnel.Lose();
        await WaitForRetryAsync();

        Assert.Null(_connector.Current);
        Assert.False(_connector.Status.Connected);
        Assert.Contains("broken by the test", _connector.Status.LastError);
        Assert.Null(_binder.Bound[PortKey.Tcp(80)].Closed);
        _time.Advance(TimeSpan.FromSeconds(0.249));
        Assert.Equal(0, _dialer.Waiting);
        _time.Advance(TimeSpan.FromSeconds(0.001));
        var next = await ConnectAsync(Config(rev: 1, 80));
        await NextReportAsync(next);
        Assert.Same(next, _connector.Current);
        Assert.True(_connector.Status.Connected);
        Assert.Null(_connector.Status.LastError);
        Assert.Single(_binder.Tried);
        await Eventually.IsTrueAsync(() => tunnel.Disposed, "the lost tunnel is disposed of");
    }

    [Fact]
    public async Task Streams_of_a_lost_tunnel_go_on_over_the_next_which_is_dialled_at_once()
    {
        var tunnel = await ConnectAsync(Config(rev: 1, 80));
        var answered = new TaskCompletionSource<TunnelResumed>();
        (tunnel.StreamsToMove, tunnel.StreamsMoved) = (3, answered.Task);
        _time.Advance(Backoff.ShortLived);

        tunnel.Lose();
        await Eventually.IsTrueAsync(() => _connector.Status.LostSince is not null, "the status says that streams wait");
        var next = await ConnectAsync(Config(rev: 1, 80));

        await Eventually.IsTrueAsync(() => tunnel.MovedTo == next, "the streams are moved");
        await Eventually.IsTrueAsync(
            () => _log.Lines.Any(static line => line.EndsWith("streams that wait for another one: 3", StringComparison.Ordinal)),
            "they are said to wait");
        answered.SetResult(new TunnelResumed(2, 0, TimeSpan.Zero));
        await Eventually.IsTrueAsync(
            () => _log.Lines.Any(static line => line.Contains("go on", StringComparison.Ordinal)), "they are said to go on");
        Assert.Equal(
            "Streams of a tunnel over tcpTls that go on over one over tcpTls: 2",
            Assert.Single(_log.Lines, static line => line.Contains("go on", StringComparison.Ordinal)));
        Assert.Null(_connector.Status.LostSince);
        next.Lose();
        await WaitForRetryAsync();
    }

    [Theory]
    [InlineData(DialFailureKind.Unauthorized)]
    [InlineData(DialFailureKind.WrongCertificate)]
    [InlineData(DialFailureKind.Unreachable)]
    [InlineData(DialFailureKind.Busy)]
    public async Task A_failed_dial_is_told_and_repeated_with_growing_waits(DialFailureKind kind)
    {
        foreach (var wait in (double[])[0.25, 0.5, 1, 2, 4, 8, 15, 15])
        {
            (await _dialer.NextAsync()).Fail(kind, "for this reason");
            await WaitForRetryAsync();
            Assert.Equal(_time.GetUtcNow() + TimeSpan.FromSeconds(wait), _connector.Status.NextAttempt);
            Assert.Equal($"{kind}: for this reason", _connector.Status.LastError);
            _time.Advance(TimeSpan.FromSeconds(wait));
        }
    }

    [Fact]
    public async Task When_the_hub_goes_away_the_edge_dials_at_once_and_the_old_tunnel_drains()
    {
        var old = await ConnectAsync(Config(rev: 1, 80));
        await old.NextReportAsync();
        _time.Advance(TimeSpan.FromSeconds(5));

        Handler.OnGoAway(old, new GoAway(GoAway.Shutdown, 0));
        var dial = await _dialer.NextAsync();
        Assert.Same(old, _connector.Current);
        var next = new FakeTunnel();
        dial.Connect(next, Config(rev: 1, 80));

        Assert.Equal(GoAway.Replaced, await old.NextGoAwayAsync());
        Assert.Same(next, _connector.Current);
        Assert.False(old.Completion.IsCompleted);
        // The configuration of a draining tunnel is out of date.
        await NextReportAsync(next);
        Handler.OnConfig(old, Config(rev: 9, 81));
        Handler.OnConfig(next, Config(rev: 2, 80));
        Assert.Equal(2, (await NextReportAsync(next)).Rev);

        old.FinishStreams();
        await old.Completion.Soon();
        Assert.Same(next, _connector.Current);
        Assert.True(_connector.Status.Connected);
    }

    [Fact]
    public async Task The_streams_of_an_old_tunnel_have_the_drain_time()
    {
        var old = await ConnectAsync(Config(rev: 1));
        _time.Advance(TimeSpan.FromSeconds(5));
        Handler.OnGoAway(old, new GoAway(GoAway.Shutdown, 0));
        await ConnectAsync(Config(rev: 1));
        await old.NextGoAwayAsync();

        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(old.Completion.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TunnelEndKind.Closed, (await old.Completion.Soon()).Kind);
    }

    [Fact]
    public async Task What_is_open_at_a_hub_that_was_replaced_goes_on_without_a_limit()
    {
        var old = await ConnectAsync(Config(rev: 1));
        _time.Advance(TimeSpan.FromSeconds(5));
        Handler.OnGoAway(old, new GoAway(GoAway.Upgrade, 0));
        await ConnectAsync(Config(rev: 1));
        Assert.Equal(GoAway.Replaced, await old.NextGoAwayAsync());

        _time.Advance(TimeSpan.FromHours(20));
        Assert.False(old.Completion.IsCompleted);
        old.FinishStreams();
        Assert.Equal(TunnelEndKind.Closed, (await old.Completion.Soon()).Kind);
    }

    [Fact]
    public async Task A_hub_that_is_replaced_again_and_again_is_dialled_again_within_half_a_second()
    {
        for (var i = 0; i < 8; i++)
        {
            Handler.OnGoAway(await ConnectAsync(Config(rev: 1)), new GoAway(GoAway.Upgrade, 0));
            await WaitForRetryAsync();
            Assert.InRange(_connector.Status.NextAttempt!.Value - _time.GetUtcNow(), TimeSpan.FromTicks(1), Backoff.FirstCeiling);
            _time.Advance(Backoff.FirstCeiling);
        }
    }

    [Fact]
    public async Task A_hub_that_sends_every_tunnel_away_is_not_hammered()
    {
        var tunnel = await ConnectAsync(Config(rev: 1));
        Handler.OnGoAway(tunnel, new GoAway(GoAway.Shutdown, 0));
        await WaitForRetryAsync();
        Assert.True(_connector.Status.NextAttempt > _time.GetUtcNow());
    }

    [Fact]
    public async Task A_hub_that_restarts_is_dialled_at_once_and_every_quarter_of_a_second_for_ten_seconds()
    {
        var tunnel = await ConnectAsync(Config(rev: 1, 80));
        _time.Advance(TimeSpan.FromSeconds(5));
        Handler.OnGoAway(tunnel, new GoAway(GoAway.Shutdown, 0));
        // The tunnel may close in the same moment.
        tunnel.Lose();

        for (var tries = 0; tries < 40; tries++)
        {
            (await _dialer.NextAsync()).Fail(DialFailureKind.Unreachable);
            await WaitForRetryAsync();
            Assert.Equal(_time.GetUtcNow() + RedialPause.RestartPause, _connector.Status.NextAttempt);
            _time.Advance(RedialPause.RestartPause);
        }

        // After that the waits grow from the shortest one.
        foreach (var wait in (double[])[0.25, 0.5, 1])
        {
            (await _dialer.NextAsync()).Fail(DialFailureKind.Unreachable);
            await WaitForRetryAsync();
            Assert.Equal(_time.GetUtcNow() + TimeSpan.FromSeconds(wait), _connector.Status.NextAttempt);
            _time.Advance(TimeSpan.FromSeconds(wait));
        }
    }

    [Fact]
    public async Task A_secret_that_is_refused_is_not_tried_every_quarter_of_a_second()
    {
        var tunnel = await ConnectAsync(Config(rev: 1));
        _time.Advance(TimeSpan.FromSeconds(5));
        Handler.OnGoAway(tunnel, new GoAway(GoAway.Shutdown, 0));
        foreach (var wait in (double[])[0.25, 0.5, 1])
        {
            (await _dialer.NextAsync()).Fail(DialFailureKind.Unauthorized);
            await WaitForRetryAsync();
            Assert.Equal(_time.GetUtcNow() + TimeSpan.FromSeconds(wait), _connector.Status.NextAttempt);
            _time.Advance(TimeSpan.FromSeconds(wait));
        }
    }

    [Fact]
    public async Task In_a_conflict_what_was_bound_is_closed_and_the_hub_is_asked_again_at_least_every_five_seconds()
    {
        var tunnel = await ConnectAsync(Config(rev: 1, 80));
        await tunnel.NextReportAsync();

        Handler.OnGoAway(tunnel, new GoAway(GoAway.Conflict, 0));

        Assert.Equal(GoAway.Shutdown, await tunnel.NextGoAwayAsync());
        tunnel.Lose();
        await Eventually.IsTrueAsync(() => tunnel.Disposed, "the tunnel is over");
        await WaitForRetryAsync();
        Assert.Contains("another edge process holds the id edge", _connector.Status.LastError);
        Assert.False(_connector.Status.Connected);
        await Eventually.IsTrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(100));
                return _binder.Bound[PortKey.Tcp(80)].Closed is not null;
            },
            "the port is closed");
        _time.Advance(RedialPause.ConflictInterval);

        // A hub that does not tell of conflicts may still say so again in this time, so nothing is bound before it is over.
        var again = new FakeTunnel();
        (await _dialer.NextAsync()).Connect(again, Config(rev: 1, 80));
        await Eventually.IsTrueAsync(() => again.Started, "the tunnel is started");
        Assert.False(_connector.Status.Connected);
        Handler.OnGoAway(again, new GoAway(GoAway.Conflict, 0));
        again.Lose();
        await WaitForRetryAsync();
        Assert.Single(_binder.Tried);

        _time.Advance(RedialPause.ConflictInterval);
        var last = new FakeTunnel();
        (await _dialer.NextAsync()).Connect(last, Config(rev: 1, 80));
        await Eventually.IsTrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(100));
                return _connector.Status.Connected;
            },
            "the tunnel counts");
        await NextReportAsync(last);
        Assert.Equal(2, _binder.Tried.Count);
    }

    [Fact]
    public async Task In_a_conflict_what_the_dial_took_is_part_of_the_time_between_two_dials()
    {
        var dial = await _dialer.NextAsync();
        var dialled = _time.GetUtcNow();
        _time.Advance(TimeSpan.FromSeconds(1.5));
        var tunnel = new FakeTunnel();
        dial.Connect(tunnel, Contested(Config(rev: 1, 80), true));
        await Eventually.IsTrueAsync(() => tunnel.Started, "the tunnel is started");
        _time.Advance(TimeSpan.FromSeconds(1));
        Handler.OnGoAway(tunnel, new GoAway(GoAway.Conflict, 0));

        // A second is left for the dial that finds the other one gone, and for the ports.
        await WaitForRetryAsync();
        Assert.Equal(dialled + TimeSpan.FromSeconds(4), _connector.Status.NextAttempt);
    }

    [Fact]
    public async Task Beside_another_tunnel_of_its_id_an_edge_binds_nothing_until_the_hub_says_that_it_counts()
    {
        var tunnel = new FakeTunnel();
        (await _dialer.NextAsync()).Connect(tunnel, Contested(Config(rev: 1, 80), true));
        await Eventually.IsTrueAsync(() => tunnel.Started, "the tunnel is started");
        Handler.OnConfig(tunnel, Contested(Config(rev: 2, 80, 81), true));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(_connector.Status.Connected);
        Assert.Empty(_binder.Tried);

        Handler.OnConfig(tunnel, Contested(Config(rev: 3, 80), false));
        Assert.Equal(3, (await NextReportAsync(tunnel)).Rev);
        await Eventually.IsTrueAsync(() => _connector.Status.Connected, "the tunnel counts");
        Assert.Single(_binder.Tried);
    }

    [Fact]
    public async Task An_edge_that_takes_over_says_so_until_it_has_had_the_id_once()
    {
        var first = await _dialer.NextAsync();
        Assert.True(first.Request.Hello.TakeOver);
        var tunnel = new FakeTunnel();
        first.Connect(tunnel, Contested(Config(rev: 1), true));
        await Eventually.IsTrueAsync(() => tunnel.Started, "the tunnel is started");
        Handler.OnConfig(tunnel, Contested(Config(rev: 2), false));
        await Eventually.IsTrueAsync(() => _connector.Status.Connected, "the tunnel counts");

        // Two processes that both said so would take the id from each other for ever.
        Handler.OnGoAway(tunnel, new GoAway(GoAway.Replaced, 0));
        await WaitForRetryAsync();
        _time.Advance(RedialPause.ConflictInterval);
        Assert.Null((await _dialer.NextAsync()).Request.Hello.TakeOver);
    }

    [Fact]
    public async Task Stopping_says_goodbye_and_waits_for_the_streams()
    {
        var tunnel = await ConnectAsync(Config(rev: 1, 80));
        await tunnel.NextReportAsync();
        await _stop.CancelAsync();

        var closing = _connector.CloseAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(GoAway.Shutdown, await tunnel.NextGoAwayAsync());
        Assert.False(closing.IsCompleted);
        tunnel.FinishStreams();
        await closing.Soon();
        Assert.True(tunnel.Completion.IsCompleted);
    }

    [Fact]
    public async Task Stopping_without_a_drain_closes_at_once()
    {
        var tunnel = await ConnectAsync(Config(rev: 1));
        await _stop.CancelAsync();
        await _connector.CloseAsync(TimeSpan.Zero).Soon();
        Assert.True(tunnel.Completion.IsCompleted);
    }

    [Fact]
    public async Task What_closed_tunnels_have_carried_stays_in_the_totals()
    {
        var tunnel = await ConnectAsync(Config(rev: 1));
        tunnel.Counters = new TunnelCounters { BytesSent = 10, BytesReceived = 20 };
        Assert.Equal((10, 20), (_connector.Totals.GetCounters().BytesSent, _connector.Totals.GetCounters().BytesReceived));
        tunnel.Lose();
        await WaitForRetryAsync();
        _time.Advance(TimeSpan.FromSeconds(1));
        var next = await ConnectAsync(Config(rev: 1));
        next.Counters = new TunnelCounters { BytesSent = 1, BytesReceived = 2 };
        Assert.Equal((11, 22), (_connector.Totals.GetCounters().BytesSent, _connector.Totals.GetCounters().BytesReceived));
    }

    private IEdgeTunnelHandler Handler => _connector;

    private static TunnelConfig Contested(TunnelConfig config, bool contested) =>
        config with { Hub = config.Hub! with { Contested = contested } };

    private static TunnelConfig Config(long rev, params int[] ports) => new() { ListenPorts = [.. ports], Hub = new HubInfo { Rev = rev } };

    private async Task<FakeDialer.Dial> NextDialAsync(TimeSpan step)
    {
        await Eventually.IsTrueAsync(
            () =>
            {
                _time.Advance(step);
                return _dialer.Waiting > 0;
            },
            "the next try");
        return await _dialer.NextAsync();
    }

    // A method of its own, so that no variable of the test keeps the old tunnel.
    private async Task<WeakReference> FollowAsync(FakeTunnel old)
    {
        old.StreamsSettled = old.Completion;
        old.Numbers.SetResult();
        (await _dialer.NextAsync()).Connect(new FakeTunnel(), Config(rev: 2, 80));
        await old.NextGoAwayAsync();
        old.FinishStreams();
        await Eventually.IsTrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return old.Completion.IsCompleted;
            },
            "the end of the old tunnel");
        return new WeakReference(old);
    }

    private async Task<FakeTunnel> ConnectAsync(TunnelConfig config)
    {
        var dial = await _dialer.NextAsync();
        var tunnel = new FakeTunnel();
        dial.Connect(tunnel, config);
        await Eventually.IsTrueAsync(() => _connector.Current == tunnel && _connector.Status.Connected, "the tunnel is in use");
        return tunnel;
    }

    /// <summary>Returns the next report, which the pace of the reports may hold back.</summary>
    private async Task<Report> NextReportAsync(FakeTunnel tunnel)
    {
        var report = tunnel.NextReportAsync();
        await Eventually.IsTrueAsync(
            () =>
            {
                if (!report.IsCompleted)
                    _time.Advance(ConfigApplier.Pace);
                return report.IsCompleted;
            },
            "a report");
        return await report;
    }

    /// <summary>Returns when the loop waits for its next try: the clock may be moved then.</summary>
    private Task WaitForRetryAsync() =>
        Eventually.IsTrueAsync(() => _connector.Status.NextAttempt > _time.GetUtcNow(), "the loop waits for its next try");
}
