using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Configuring;
using Tunnel.Edge.Connecting;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Firewall;
using Tunnel.Edge.Ports;
using Tunnel.Edge.PublicAddress;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Configuring;

/// <summary>
/// A fault of ours in one stage of a configuration is not lost, keeps no other stage from its work, and is followed by another try.
/// </summary>
public sealed class ConfigApplierTests : IAsyncDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly FakeBinder _binder = new();
    private readonly FaultyFilter _filter = new();
    private readonly FaultyObserver _observer = new();
    private readonly ConfigInbox _inbox = new(2);
    private readonly HubRecord _first = new(new PinStore(null, [], NullLogger.Instance));
    private readonly HubRecord _second = new(new PinStore(null, [], NullLogger.Instance));
    private readonly FakeTunnel _tunnel = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly PortListeners _ports;
    private readonly Task _run;
    private readonly long _before = Defects.Count;
    private int _noteFaults;

    public ConfigApplierTests()
    {
        _ports = new PortListeners(_binder, new PortLimit(PlentyOfDescriptors.Guard), TimeSpan.FromSeconds(30), _time, NullLogger.Instance);
        var publicAddress = new PublicAddressMonitor(
            [], (_, _) => throw new NotSupportedException(), Dns.GetHostAddressesAsync, _ => NoteAddress(), _time, NullLogger.Instance);
        var applier = new ConfigApplier(
            _inbox, _filter, _ports, publicAddress, [_first, _second], _observer, _time, NullLogger.Instance);
        _run = Task.Run(() => applier.RunAsync(_stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _run.Soon());
        _ports.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task Ports_are_bound_though_the_firewall_has_a_fault_and_it_is_tried_again()
    {
        _filter.Faults = 1;

        _inbox.PostPushed(_tunnel, Config(80, 443));

        Assert.Equal([new BoundPort(80, "tcp"), new BoundPort(443, "tcp")], (await _tunnel.NextReportAsync()).Bound);
        await AdvanceToRetryAsync(() => _filter.Applied == 1);
        Assert.True(Defects.Count > _before);
    }

    [Fact]
    public async Task A_fault_at_one_port_is_that_ports_failure()
    {
        _binder.Throws = PortKey.Tcp(80);

        _inbox.PostPushed(_tunnel, Config(80, 443));

        var report = await _tunnel.NextReportAsync();
        Assert.Equal([new BoundPort(443, "tcp")], report.Bound);
        Assert.Equal([new FailedPort(80, "tcp", "unexpected fault: injected by the test")], report.Failed);
        Assert.True(Defects.Count > _before);
    }

    [Fact]
    public async Task A_fault_while_it_is_told_is_followed_by_another_try()
    {
        _observer.Faults = 1;

        _inbox.PostPushed(_tunnel, Config(80));

        await AdvanceToRetryAsync(() => _observer.Told == 1);
        Assert.True(Defects.Count > _before);
    }

    [Fact]
    public async Task A_fault_with_what_the_hub_says_of_itself_keeps_no_port_from_being_bound()
    {
        _noteFaults = 1;

        _inbox.PostPushed(_tunnel, Config(80) with { Hub = new HubInfo { SeenAs = IPAddress.Parse("9.9.9.9") } });

        Assert.Equal([new BoundPort(80, "tcp")], (await _tunnel.NextReportAsync()).Bound);
        await AdvanceToRetryAsync(() => _filter.Applied == 2);
        Assert.True(Defects.Count > _before);
    }

    [Fact]
    public async Task Ports_are_closed_though_telling_it_has_a_fault()
    {
        _inbox.PostPushed(_tunnel, Config(80));
        await _tunnel.NextReportAsync();
        var port = _binder.Bound[PortKey.Tcp(80)];
        _observer.Faults = 1;

        _inbox.PostRelease(_tunnel);
        await AdvanceToRetryAsync(() => port.Closed is not null);

        _inbox.PostPushed(_tunnel, Config(443));
        await AdvanceToRetryAsync(() => _ports.GetState().Bound is [var bound] && bound == PortKey.Tcp(443));
        Assert.True(Defects.Count > _before);
    }

    [Fact]
    public async Task A_newer_configuration_takes_the_place_of_the_one_that_would_be_tried_again()
    {
        _filter.Faults = 1;
        _inbox.PostPushed(_tunnel, Config(80));
        await _tunnel.NextReportAsync();

        _inbox.PostPushed(_tunnel, Config(443));
        await AdvanceToRetryAsync(() => _filter.Applied == 1);

        Assert.Equal([new BoundPort(443, "tcp")], (await _tunnel.NextReportAsync()).Bound);
    }

    [Fact]
    public async Task A_configuration_whose_ports_cannot_even_be_read_does_not_end_the_loop()
    {
        _inbox.PostPushed(_tunnel, new TunnelConfig { ListenPorts = default });
        await AdvanceToRetryAsync(() => _filter.Applied == 1);

        _inbox.PostPushed(_tunnel, Config(443));
        await AdvanceToRetryAsync(() => _observer.Told == 1);

        Assert.Equal([new BoundPort(443, "tcp")], (await _tunnel.NextReportAsync()).Bound);
    }

    [Fact]
    public async Task Every_hub_is_told_what_is_bound_and_one_that_is_behind_why_a_port_of_its_own_is_not()
    {
        var other = new FakeTunnel();
        _inbox.PostInitial(_tunnel, OfState(1, 80, 81), hub: 0);
        Assert.Equal([new BoundPort(80, "tcp"), new BoundPort(81, "tcp")], (await _tunnel.NextReportAsync()).Bound);

        _inbox.PostInitial(other, OfState(2, 80, 443), hub: 1);
        await AdvanceAsync(() => other.Reports == 1 && _tunnel.Reports == 2);

        Assert.Equal([new BoundPort(80, "tcp"), new BoundPort(443, "tcp")], (await other.NextReportAsync()).Bound);
        var report = await _tunnel.NextReportAsync();
        Assert.Equal([new BoundPort(80, "tcp"), new BoundPort(443, "tcp")], report.Bound);
        Assert.Equal([new FailedPort(81, "tcp", "another hub of this edge has a newer configuration")], report.Failed);
        Assert.Equal((1L, true, 2L, false), (_first.Info!.State, _first.IsOutdated, _second.Info!.State, _second.IsOutdated));

        // The hub that is behind catches up: nothing is applied again, and it is told.
        var applied = _filter.Applied;
        _inbox.PostPushed(_tunnel, OfState(2, 80, 443), hub: 0);
        await AdvanceAsync(() => _tunnel.Reports == 3);
        Assert.Empty((await _tunnel.NextReportAsync()).Failed);
        Assert.False(_first.IsOutdated);
        Assert.Equal(applied, _filter.Applied);
    }

    [Fact]
    public async Task When_the_newest_hub_is_gone_the_next_ones_configuration_is_in_force_and_the_last_ones_stays()
    {
        var other = new FakeTunnel();
        _inbox.PostInitial(_tunnel, OfState(1, 80), hub: 0);
        await _tunnel.NextReportAsync();
        _inbox.PostInitial(other, OfState(2, 443), hub: 1);
        await AdvanceAsync(() => _ports.GetState().Bound is [{ Number: 443 }]);

        _inbox.PostGone(other, hub: 1);
        await AdvanceAsync(() => _ports.GetState().Bound is [{ Number: 80 }]);
        Assert.Null(_second.Info);
        Assert.False(_first.IsOutdated);

        _inbox.PostGone(_tunnel, hub: 0);
        await AdvanceAsync(() => _first.Info is null);
        Assert.Equal([PortKey.Tcp(80)], _ports.GetState().Bound);
    }

    [Fact]
    public async Task Ports_are_released_only_when_no_hub_wants_them()
    {
        var other = new FakeTunnel();
        _inbox.PostInitial(_tunnel, OfState(1, 80), hub: 0);
        await _tunnel.NextReportAsync();
        _inbox.PostInitial(other, OfState(1, 80), hub: 1);
        await AdvanceAsync(() => _second.Info?.State == 1);

        _inbox.PostRelease(_tunnel, hub: 0);
        await AdvanceAsync(() => _first.Info is null);
        Assert.Equal([PortKey.Tcp(80)], _ports.GetState().Bound);

        _inbox.PostRelease(other, hub: 1);
        await AdvanceAsync(() => _ports.GetState().Bound.IsEmpty);
    }

    [Fact]
    public async Task Each_hub_is_told_of_the_firewall_also_when_another_one_takes_the_place_of_the_one_in_force()
    {
        var other = new FakeTunnel();
        _inbox.PostInitial(_tunnel, OfState(2, 80), hub: 0);
        await _tunnel.NextReportAsync();
        Assert.Equal([new AskingHub(_tunnel, 2, IsInForce: true)], _filter.Hubs);
        _inbox.PostInitial(other, OfState(2, 80), hub: 1);
        await AdvanceAsync(() => other.Reports == 1);
        Assert.Equal([new AskingHub(_tunnel, 2, IsInForce: true), new AskingHub(other, 2, IsInForce: true)], _filter.Hubs);

        // A hub that is behind asks for another firewall.
        using var firewall = JsonDocument.Parse("""{"blockedIps":["192.0.2.1"]}""");
        _inbox.PostPushed(other, OfState(1, 80) with { FirewallConfig = firewall.RootElement }, hub: 1);
        await AdvanceAsync(() => other.Reports == 2);
        Assert.Equal(new AskingHub(other, 1, IsInForce: false), _filter.Hubs[1]);

        _inbox.PostPushed(other, OfState(2, 80), hub: 1);
        await AdvanceAsync(() => other.Reports == 3);
        _inbox.PostGone(_tunnel, hub: 0);
        await AdvanceAsync(() => _first.Info is null);
        await AdvanceAsync(() => _filter.Hubs is [var only] && only == new AskingHub(other, 2, IsInForce: true));
    }

    [Fact]
    public async Task A_block_that_only_another_hub_knows_is_put_in_force_and_is_no_new_chance_for_what_was_taken_back()
    {
        var other = new FakeTunnel();
        _inbox.PostInitial(_tunnel, OfState(2, 80), hub: 0);
        await _tunnel.NextReportAsync();
        Assert.True(_filter.WasInitial);
        _inbox.PostInitial(other, OfState(2, 80), hub: 1);
        await AdvanceAsync(() => other.Reports == 1);
        var applied = _filter.Applied;

        using var firewall = JsonDocument.Parse("""{"timedBlocks":[{"ip":"192.0.2.7","seconds":60}]}""");
        _inbox.PostPushed(other, OfState(2, 80) with { FirewallConfig = firewall.RootElement }, hub: 1);
        await AdvanceAsync(() => _filter.Applied == applied + 1);

        Assert.False(_filter.WasInitial);
        Assert.Equal([_tunnel, other], _filter.Hubs.Select(hub => hub.Tunnel));
        Assert.Equal([false, true], _filter.Hubs.Select(hub => hub.Blocks is not null));
    }

    private static TunnelConfig OfState(long state, params int[] ports) =>
        Config(ports) with { Hub = new HubInfo { State = state, Rev = state } };

    private Task AdvanceAsync(Func<bool> done) => Eventually.IsTrueAsync(
        () =>
        {
            if (!done())
                _time.Advance(ConfigApplier.Pace);
            return done();
        },
        "the configuration to be applied");

    private void NoteAddress()
    {
        if (_noteFaults-- > 0)
            throw new InvalidOperationException("injected by the test");
    }

    private static TunnelConfig Config(params int[] ports) => new() { ListenPorts = [.. ports] };

    private Task AdvanceToRetryAsync(Func<bool> done) => Eventually.IsTrueAsync(
        () =>
        {
            if (!done())
                _time.Advance(ConfigApplier.RetryPause);
            return done();
        },
        "the second try");

    private sealed class FaultyFilter : IPacketFilter
    {
        private int _applied;

        public int Faults { get; set; }

        public int Applied => Volatile.Read(ref _applied);

        /// <summary>Records the hubs that are told of the firewall.</summary>
        public ImmutableArray<AskingHub> Hubs { get; private set; } = [];

        /// <summary>Whether the last one was said to be the tunnel's first.</summary>
        public bool WasInitial { get; private set; }

        public void TellHubs(ImmutableArray<AskingHub> hubs) => Hubs = hubs;

        public Task ApplyAsync(ImmutableArray<AskingHub> hubs, TunnelConfig config, bool initial, CancellationToken cancellationToken)
        {
            (Hubs, WasInitial) = (hubs, initial);
            if (Faults-- > 0)
                throw new InvalidOperationException("injected by the test");
            Interlocked.Increment(ref _applied);
            return Task.CompletedTask;
        }
    }

    private sealed class FaultyObserver : IPortsObserver
    {
        private int _told;

        public int Faults { get; set; }

        public int Told => Volatile.Read(ref _told);

        public void OnPortsApplied(long revision, PortState ports, bool initial)
        {
            if (Faults-- > 0)
                throw new InvalidOperationException("injected by the test");
            Interlocked.Increment(ref _told);
        }
    }
}
