using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Firewall;
using Tunnel.Edge.Refusing;
using Tunnel.Edge.Status;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Firewall;

public sealed class FirewallControllerTests : IDisposable
{
    private const string BlockOne = """{"blockedIps":["192.0.2.1"]}""";
    private const string WithRule = """{"blockedIps":["192.0.2.1"],"rules":[{"id":"bad","direction":"output","action":"drop"}]}""";

    private readonly ManualTimeProvider _time = new();
    private readonly FakeNft _nft = new();
    private readonly FakeProbe _probe = new();
    private readonly RecordingBlocker _blocker = new();
    private readonly RecordingObserver _observer = new();
    private readonly FakeTunnel _tunnel = new() { RemoteEndPoint = new IPEndPoint(IPAddress.Parse("198.51.100.1"), 8443) };
    private FirewallController _firewall;
    private long _revision;
    private ImmutableArray<AskingHub> _others = [];

    public FirewallControllerTests() => _firewall = Create(FirewallMode.Full);

    public void Dispose() => _firewall.Dispose();

    [Fact]
    public async Task A_firewall_is_in_force_and_confirmed_before_the_hub_is_told()
    {
        await ApplyAsync(BlockOne);
        Assert.Contains("blocked", _nft.Rules);
        Assert.Equal("confirming", _firewall.Status.State);

        _probe.Answer(null);
        var report = await _tunnel.NextReportAsync();
        Assert.Equal(
            (Report.Firewall, 1, FirewallReport.Applied, "full"),
            (report.Kind, report.Rev, report.FirewallState!.State, report.FirewallState.Mode));
        Assert.Equal(1, _firewall.Status.Blocked);
    }

    [Fact]
    public async Task What_cuts_off_the_hub_is_taken_back_and_told()
    {
        await ApplyConfirmedAsync(BlockOne);
        await ApplyAsync(WithRule);
        Assert.Contains("rule bad", _nft.Rules);

        await FailConfirmationAsync("timed out");
        var report = (await _tunnel.NextReportAsync()).FirewallState!;
        Assert.Equal(FirewallReport.RolledBack, report.State);
        Assert.Contains("timed out", Assert.Single(report.Errors), StringComparison.Ordinal);
        Assert.DoesNotContain("rule bad", _nft.Rules);
        Assert.Contains("blocked", _nft.Rules);
    }

    [Fact]
    public async Task A_fault_that_nobody_expected_is_told_and_thrown_and_the_next_try_may_succeed()
    {
        _nft.Throws = new InvalidOperationException("injected by the test");

        await Assert.ThrowsAsync<InvalidOperationException>(() => ApplyAsync(BlockOne));

        var report = (await _tunnel.NextReportAsync()).FirewallState!;
        Assert.Equal(FirewallReport.Failed, report.State);
        Assert.Equal(["unexpected fault: injected by the test"], report.Errors);
        _nft.Throws = null;
        await ApplyConfirmedAsync(BlockOne);
    }

    [Fact]
    public async Task A_fault_while_an_old_firewall_is_removed_is_told_and_keeps_nothing_else_from_being_done()
    {
        _nft.Throws = new InvalidOperationException("injected by the test");

        Assert.Equal("unexpected fault: injected by the test", await _firewall.RemoveLeftoverAsync(CancellationToken.None));

        _nft.Throws = null;
        await ApplyConfirmedAsync(BlockOne);
    }

    [Fact]
    public async Task The_first_firewall_is_taken_back_to_none()
    {
        await ApplyAsync(WithRule);
        await FailConfirmationAsync("refused");
        Assert.Equal(FirewallReport.RolledBack, (await _tunnel.NextReportAsync()).FirewallState!.State);
        Assert.False(_nft.HasTable);
    }

    [Fact]
    public async Task What_was_taken_back_is_not_tried_again_with_each_push_but_its_blocks_are()
    {
        await ApplyConfirmedAsync(BlockOne);
        await ApplyAsync(WithRule);
        await FailConfirmationAsync("timed out");
        await _tunnel.NextReportAsync();

        await ApplyAsync(WithRule.Insert(1, """ "timedBlocks":[{"ip":"203.0.113.5","seconds":60}],"""));
        Assert.DoesNotContain("rule bad", _nft.Rules);
        Assert.Contains("203.0.113.5", Assert.Single(_nft.Elements), StringComparison.Ordinal);
        _probe.Answer(null);
        Assert.Equal(FirewallReport.RolledBack, (await _tunnel.NextReportAsync()).FirewallState!.State);
    }

    [Fact]
    public async Task A_new_tunnel_is_another_chance()
    {
        await ApplyAsync(WithRule);
        await FailConfirmationAsync("the hub was down");
        await _tunnel.NextReportAsync();
        await ApplyAsync(WithRule, initial: true);
        Assert.Contains("rule bad", _nft.Rules);
    }

    [Fact]
    public async Task A_push_while_the_one_before_is_tried_takes_its_place()
    {
        await ApplyConfirmedAsync(BlockOne);
        await ApplyAsync(WithRule);
        await ApplyAsync("""{"blockedIps":["192.0.2.9"]}""");
        await FailConfirmationAsync("timed out");
        Assert.Equal(FirewallReport.RolledBack, (await _tunnel.NextReportAsync()).FirewallState!.State);
        // What is in force is not the configuration that was never confirmed.
        Assert.Contains("192.0.2.1", Assert.Single(_nft.Elements), StringComparison.Ordinal);
        Assert.DoesNotContain("rule bad", _nft.Rules);
    }

    [Theory]
    [InlineData(NftOutcome.Refused, FirewallReport.Failed)]
    [InlineData(NftOutcome.Unavailable, FirewallReport.Unavailable)]
    public async Task What_cuts_off_the_hub_is_taken_back_though_a_later_one_could_not_be_put_in_force(object outcome, string state)
    {
        await ApplyConfirmedAsync(BlockOne);
        await ApplyAsync(WithRule);
        _nft.Fault = new NftResult((NftOutcome)outcome, "no room");
        await ApplyAsync("""{"blockedIps":["192.0.2.9"]}""");
        Assert.Equal(state, (await _tunnel.NextReportAsync()).FirewallState!.State);
        _nft.Fault = null;
        Assert.Contains("rule bad", _nft.Rules);

        await FailConfirmationAsync("timed out");
        var report = (await _tunnel.NextReportAsync()).FirewallState!;
        Assert.Equal((FirewallReport.RolledBack, 2), (report.State, report.Errors.Length));
        Assert.Contains("timed out", report.Errors[0], StringComparison.Ordinal);
        Assert.Equal("no room", report.Errors[1]);
        Assert.DoesNotContain("rule bad", _nft.Rules);
        Assert.True(_blocker.Blocked!.Contains(IPAddress.Parse("192.0.2.9")));
    }

    [Fact]
    public async Task What_cuts_off_the_hub_is_taken_back_though_a_later_one_met_an_unexpected_fault()
    {
        await ApplyAsync(WithRule);
        _nft.Throws = new InvalidOperationException("injected by the test");
        await Assert.ThrowsAsync<InvalidOperationException>(() => ApplyAsync(BlockOne));
        _nft.Throws = null;

        await FailConfirmationAsync("timed out");
        Assert.False(_nft.HasTable);
    }

    [Fact]
    public async Task A_later_firewall_that_is_not_valid_is_still_the_last_word_when_the_one_before_it_is_confirmed()
    {
        await ApplyAsync(WithRule);
        await ApplyAsync("""{"blockedIps":["; flush ruleset"]}""");
        Assert.Equal(FirewallReport.Refused, (await _tunnel.NextReportAsync()).FirewallState!.State);

        _probe.Answer(null);
        Assert.Equal(FirewallReport.Refused, (await _tunnel.NextReportAsync()).FirewallState!.State);
        Assert.Contains("rule bad", _nft.Rules);

        // It was confirmed, so it is no news.
        await ApplyAsync(WithRule);
        Assert.Equal(FirewallReport.Applied, (await _tunnel.NextReportAsync()).FirewallState!.State);
    }

    [Fact]
    public async Task Whoever_repeats_what_is_on_trial_does_not_prolong_it()
    {
        await ApplyAsync(WithRule);
        _time.Advance(FirewallController.ConfirmLimit - FirewallController.RetryPause);
        await ApplyAsync(WithRule);

        _probe.Always("timed out");
        Assert.Equal(FirewallReport.RolledBack, (await _tunnel.NextReportAsync()).FirewallState!.State);
        Assert.False(_nft.HasTable);
    }

    [Fact]
    public async Task When_the_previous_one_can_not_be_put_back_the_table_is_removed_and_the_hub_told_so()
    {
        await ApplyConfirmedAsync(BlockOne);
        await ApplyAsync(WithRule);
        // Another process of this edge has its table in place, which is neither replaced nor removed.
        _nft.TakeOver(new NftOwner("own", 9, "fff"));

        await FailConfirmationAsync("timed out", FirewallReport.Failed);
        var report = (await _tunnel.NextReportAsync()).FirewallState!;
        Assert.Equal(FirewallReport.Failed, report.State);
        Assert.Contains("so none is in force", Assert.Single(report.Errors), StringComparison.Ordinal);
        Assert.Equal(["of another"], _nft.Rules);
        Assert.Equal(0, _firewall.Status.Blocked);
    }

    [Fact]
    public async Task What_can_not_be_taken_back_is_told_and_tried_again()
    {
        await ApplyConfirmedAsync(BlockOne);
        await ApplyAsync(WithRule);
        _nft.Fault = new NftResult(NftOutcome.Unavailable, "no nft");

        await FailConfirmationAsync("timed out", FirewallReport.Failed);
        var report = (await _tunnel.NextReportAsync()).FirewallState!;
        Assert.Equal(FirewallReport.Failed, report.State);
        Assert.Contains("it is still in force", Assert.Single(report.Errors), StringComparison.Ordinal);
        Assert.Contains("rule bad", _nft.Rules);

        _nft.Fault = null;
        await FailConfirmationAsync("timed out");
        Assert.Equal(FirewallReport.RolledBack, (await _tunnel.NextReportAsync()).FirewallState!.State);
        Assert.DoesNotContain("rule bad", _nft.Rules);
        Assert.Contains("blocked", _nft.Rules);
    }

    [Fact]
    public async Task A_fault_while_it_is_taken_back_is_told_and_it_is_tried_again()
    {
        await ApplyAsync(WithRule);
        _nft.Throws = new InvalidOperationException("injected by the test");
        await FailConfirmationAsync("timed out", FirewallReport.Failed);
        Assert.Equal(
            ["unexpected fault: injected by the test"], (await _tunnel.NextReportAsync()).FirewallState!.Errors);

        _nft.Throws = null;
        await FailConfirmationAsync("timed out");
        Assert.False(_nft.HasTable);
    }

    [Fact]
    public async Task What_was_taken_back_is_told_by_its_own_reason_whatever_came_between()
    {
        await ApplyConfirmedAsync(BlockOne);
        await ApplyAsync(WithRule);
        await FailConfirmationAsync("timed out");
        var why = (await _tunnel.NextReportAsync()).FirewallState!.Errors;
        await ApplyAsync("""{"blockedIps":["; flush ruleset"]}""");
        await _tunnel.NextReportAsync();

        await ApplyAsync(WithRule);
        _probe.Answer(null);
        Assert.Equal(why, (await _tunnel.NextReportAsync()).FirewallState!.Errors);
    }

    [Fact]
    public async Task Protected_ports_change_while_a_firewall_is_in_force()
    {
        await ApplyConfirmedAsync(BlockOne);
        await _firewall.ChangeProtectedPortsAsync([2222]);
        Assert.Contains("2222", _nft.AllRules, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ports_that_are_protected_while_a_firewall_is_on_trial_stay_so(bool isConfirmed)
    {
        await ApplyConfirmedAsync(BlockOne);
        await ApplyAsync(WithRule);
        await _firewall.ChangeProtectedPortsAsync([2222]);
        Assert.Contains("2222", _nft.AllRules, StringComparison.Ordinal);
        if (isConfirmed)
        {
            _probe.Answer(null);
            await _tunnel.NextReportAsync();
            await ApplyAsync(WithRule.Replace("bad", "worse", StringComparison.Ordinal));
        }

        await FailConfirmationAsync("timed out");
        Assert.Equal(isConfirmed, _nft.Rules.Contains("rule bad"));
        Assert.Contains("2222", _nft.AllRules, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Protected_ports_that_could_not_be_changed_are_changed_later()
    {
        await ApplyConfirmedAsync(BlockOne);
        _nft.Fault = new NftResult(NftOutcome.Unavailable, "no nft");
        await _firewall.ChangeProtectedPortsAsync([2222]);
        _nft.Fault = null;
        using var stop = new CancellationTokenSource();
        var watching = _firewall.WatchAsync(stop.Token);
        await Eventually.IsTrueAsync(
            () =>
            {
                _time.Advance(FirewallController.WatchInterval);
                return _nft.AllRules.Contains("2222", StringComparison.Ordinal);
            },
            "the protected port");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
    }

    [Fact]
    public async Task What_is_not_valid_changes_nothing_and_every_fault_is_told()
    {
        await ApplyConfirmedAsync(BlockOne);
        var before = _nft.Rules;
        await ApplyAsync("""{"blockedIps":["; flush ruleset"],"rules":[{"id":"x`reboot`","direction":"input","action":"$(reboot)"}]}""");
        var report = (await _tunnel.NextReportAsync()).FirewallState!;
        Assert.Equal((FirewallReport.Refused, 3), (report.State, report.Errors.Length));
        Assert.Equal(before, _nft.Rules);
    }

    [Fact]
    public async Task Without_a_right_the_hub_is_told_and_nothing_else_happens()
    {
        _nft.Fault = new NftResult(NftOutcome.Unavailable, "no right");
        await ApplyAsync(BlockOne);
        var report = (await _tunnel.NextReportAsync()).FirewallState!;
        Assert.Equal(FirewallReport.Unavailable, report.State);
        Assert.Equal(["no right"], report.Errors);

        // Later the operator gives the edge the right.
        _nft.Fault = null;
        await ApplyConfirmedAsync(BlockOne);
        Assert.Contains("blocked", _nft.Rules);
    }

    [Fact]
    public async Task Off_means_nothing_and_the_hub_knows()
    {
        _firewall = Create(FirewallMode.Off);
        await ApplyAsync(BlockOne);
        Assert.Equal(FirewallReport.Off, (await _tunnel.NextReportAsync()).FirewallState!.State);
        Assert.Equal(0, _nft.Transactions);
    }

    [Fact]
    public async Task Block_only_leaves_out_limits_and_rules_and_says_so()
    {
        _firewall = Create(FirewallMode.BlockOnly);
        await ApplyAsync(WithRule);
        _probe.Answer(null);
        var report = (await _tunnel.NextReportAsync()).FirewallState!;
        Assert.Equal((FirewallReport.Applied, "blockOnly"), (report.State, report.Mode));
        Assert.Contains("1 rule are left out", Assert.Single(report.Errors), StringComparison.Ordinal);
        Assert.DoesNotContain("rule bad", _nft.Rules);
        Assert.Contains("blocked", _nft.Rules);
    }

    [Fact]
    public async Task A_hub_without_a_firewall_hears_nothing_and_nft_is_not_called()
    {
        await ApplyAsync(null);
        await ApplyAsync("{}");
        Assert.Equal(0, _nft.Transactions);
        await ApplyConfirmedAsync(BlockOne);
        await ApplyAsync("{}");
        Assert.Equal(FirewallReport.None, (await _tunnel.NextReportAsync()).FirewallState!.State);
        Assert.False(_nft.HasTable);
    }

    [Fact]
    public async Task Nobody_can_block_the_hub()
    {
        await ApplyAsync("""{"blockedIps":["198.51.100.0/24"]}""");
        Assert.DoesNotContain("\"198.51.100.1\"", Assert.Single(_nft.Elements), StringComparison.Ordinal);
        Assert.False(_blocker.Blocked!.Contains(IPAddress.Parse("198.51.100.1")));
        Assert.True(_blocker.Blocked.Contains(IPAddress.Parse("::ffff:198.51.100.2")));
    }

    [Fact]
    public async Task Blocks_end_by_the_clock_also_over_a_push()
    {
        const string block = """{"timedBlocks":[{"ip":"203.0.113.5","seconds":60}]}""";
        await ApplyConfirmedAsync(block);
        Assert.Contains("\"timeout\":60", Assert.Single(_nft.Elements), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromSeconds(20));
        // The elements of before are gone: only what the hub says now is in force.
        await ApplyAsync(block.Replace("60", "40", StringComparison.Ordinal));
        Assert.Empty(_nft.Elements);
        Assert.Equal(1, _firewall.Status.Blocked);
    }

    [Fact]
    public async Task Blocks_of_hubs_that_want_the_same_firewall_are_in_force_together_each_until_its_own_end()
    {
        var (same, behind) = (new FakeTunnel(), new FakeTunnel());
        const string block = """{"timedBlocks":[{"ip":"203.0.113.5","seconds":60},{"ip":"203.0.113.16","seconds":60}]}""";
        _others = [
            new AskingHub(same, 2, IsInForce: true)
            {
                Blocks = BlocksOf("""{"timedBlocks":[{"ip":"203.0.113.16","seconds":90},{"ip":"203.0.113.27","seconds":60}]}"""),
            },
            new AskingHub(behind, 3, IsInForce: false) { Blocks = BlocksOf("""{"timedBlocks":[{"ip":"203.0.113.38","seconds":60}]}""") }];
        // What came earlier has less time left.
        _time.Advance(TimeSpan.FromSeconds(20));

        await ApplyConfirmedAsync(block);

        Assert.Equal(3, _firewall.Status.Blocked);
        var elements = Assert.Single(_nft.Elements);
        Assert.Contains("\"203.0.113.5\",\"timeout\":60", elements, StringComparison.Ordinal);
        Assert.Contains("\"203.0.113.16\",\"timeout\":70", elements, StringComparison.Ordinal);
        Assert.Contains("\"203.0.113.27\",\"timeout\":40", elements, StringComparison.Ordinal);
        Assert.Equal(FirewallReport.Applied, (await same.NextReportAsync()).FirewallState!.State);
        Assert.Equal(FirewallReport.Failed, (await behind.NextReportAsync()).FirewallState!.State);
    }

    [Fact]
    public async Task The_edges_own_doors_open_again_when_a_block_ends_filter_or_not()
    {
        _nft.Fault = new NftResult(NftOutcome.Unavailable, "no right");
        await ApplyAsync("""{"timedBlocks":[{"ip":"203.0.113.5","seconds":60},{"ip":"203.0.113.6","seconds":90}]}""");
        Assert.True(_blocker.Blocked!.Contains(IPAddress.Parse("203.0.113.5")));
        _time.Advance(TimeSpan.FromSeconds(60));
        await Eventually.IsTrueAsync(() => !_blocker.Blocked.Contains(IPAddress.Parse("203.0.113.5")), "the first block's end");
        Assert.True(_blocker.Blocked.Contains(IPAddress.Parse("203.0.113.6")));
        _time.Advance(TimeSpan.FromSeconds(30));
        await Eventually.IsTrueAsync(() => _blocker.Blocked.Count == 0, "the second block's end");
    }

    [Fact]
    public async Task A_table_that_somebody_flushed_comes_back()
    {
        await ApplyConfirmedAsync(BlockOne);
        using var stop = new CancellationTokenSource();
        var watching = _firewall.WatchAsync(stop.Token);
        _nft.Flush();
        await Eventually.IsTrueAsync(
            () =>
            {
                _time.Advance(FirewallController.WatchInterval);
                return _nft.HasTable;
            },
            "the table's return");
        Assert.Contains("blocked", _nft.Rules);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
        var report = (await _tunnel.NextReportAsync()).FirewallState!;
        Assert.Equal(
            (FirewallReport.Applied, new FirewallDrift(1, "the table is gone, or has another owner", true)), (report.State, report.Drift));
        Assert.Equal(report.Drift, _firewall.Status.Drift);
        Assert.Equal([report.Drift!], _observer.Drifts);
    }

    [Fact]
    public async Task A_push_mends_what_somebody_changed_before_and_tells_it()
    {
        await ApplyConfirmedAsync(BlockOne);
        _nft.Change(table => table.Rules.Clear());
        await ApplyAsync(WithRule);
        Assert.Equal(new FirewallDrift(1, "5 rules missing", true), (await _tunnel.NextReportAsync()).FirewallState!.Drift);
        Assert.Contains("rule bad", _nft.Rules);
        _probe.Answer(null);
        var report = (await _tunnel.NextReportAsync()).FirewallState!;
        Assert.Equal((FirewallReport.Applied, null), (report.State, report.Drift));
    }

    [Fact]
    public async Task What_can_not_be_put_back_is_told_once_and_again_when_it_is()
    {
        await ApplyConfirmedAsync(BlockOne);
        _nft.TakeOver(new NftOwner("other", 1, "fff"));
        _nft.TakeOver(new NftOwner("other", 1, "fff"), "tunnel_edge_own");
        using var stop = new CancellationTokenSource();
        var watching = _firewall.WatchAsync(stop.Token);
        await Eventually.IsTrueAsync(
            () =>
            {
                _time.Advance(FirewallController.WatchInterval);
                return _firewall.Status.State == FirewallReport.Failed;
            },
            "the failure");
        var report = (await _tunnel.NextReportAsync()).FirewallState!;
        Assert.Equal((FirewallReport.Failed, false), (report.State, report.Drift!.Mended));

        _nft.Flush();
        await Eventually.IsTrueAsync(
            () =>
            {
                _time.Advance(FirewallController.WatchInterval);
                return _firewall.Status.State == FirewallReport.Applied;
            },
            "the return");
        report = (await _tunnel.NextReportAsync()).FirewallState!;
        Assert.Equal(
            (FirewallReport.Applied, new FirewallDrift(2, "the table is gone, or has another owner", true)), (report.State, report.Drift));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
    }

    [Fact]
    public async Task A_successors_table_is_neither_replaced_nor_removed()
    {
        await ApplyConfirmedAsync(BlockOne);
        _nft.TakeOver(new NftOwner("own", 2, "fff"));
        await ApplyAsync(WithRule);
        Assert.Equal(FirewallReport.Failed, (await _tunnel.NextReportAsync()).FirewallState!.State);
        await _firewall.RemoveAsync();
        Assert.Equal(["of another"], _nft.Rules);
    }

    [Fact]
    public async Task What_a_killed_process_left_is_removed_at_the_start()
    {
        _nft.TakeOver(new NftOwner("own", 1, "dead"));
        await _firewall.RemoveLeftoverAsync(CancellationToken.None);
        Assert.False(_nft.HasTable);
    }

    [Fact]
    public async Task A_stop_removes_the_table()
    {
        await ApplyConfirmedAsync(BlockOne);
        await _firewall.RemoveAsync();
        Assert.False(_nft.HasTable);
    }

    [Fact]
    public async Task Every_hub_is_told_and_none_of_their_addresses_is_blocked()
    {
        var (same, behind, late) = (new FakeTunnel { RemoteEndPoint = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 8443) },
            new FakeTunnel(), new FakeTunnel());
        _others = [new AskingHub(same, 70, IsInForce: true), new AskingHub(behind, 80, IsInForce: false)];
        await ApplyAsync("""{"blockedIps":["192.0.2.0/31"]}""");
        _firewall.TellHubs([new AskingHub(_tunnel, 1, IsInForce: true), .. _others, new AskingHub(late, 90, IsInForce: true)]);
        Assert.Equal(0, late.Reports);
        _probe.Answer(null);
        foreach (var (tunnel, revision) in new[] { (_tunnel, 1), (same, 70), (late, 90) })
        {
            var report = await tunnel.NextReportAsync();
            Assert.Equal((revision, FirewallReport.Applied), (report.Rev, report.FirewallState!.State));
        }

        var other = (await behind.NextReportAsync()).FirewallState!;
        Assert.Equal(FirewallReport.Failed, other.State);
        Assert.Equal(["another hub of this edge has a newer configuration"], other.Errors);
        Assert.True(_blocker.Blocked!.Contains(IPAddress.Parse("192.0.2.0")));
        Assert.False(_blocker.Blocked.Contains(same.RemoteEndPoint.Address));

        // A hub that comes when all is confirmed is told at once, and the others not again.
        var (later, told) = (new FakeTunnel(), same.Reports);
        _firewall.TellHubs([new AskingHub(same, 70, IsInForce: true), new AskingHub(later, 100, IsInForce: true)]);
        Assert.Equal(FirewallReport.Applied, (await later.NextReportAsync()).FirewallState!.State);
        Assert.Equal(told, same.Reports);
    }

    private FirewallController Create(FirewallMode mode) => new(
        mode, new FirewallPlanner(mode, [22], _time), new NftTable(_nft, "own", "abc", _time), _probe, _blocker, _observer, _time,
        NullLogger.Instance);

    private async Task ApplyAsync(string? json, bool initial = false)
    {
        using var document = json is null ? null : JsonDocument.Parse(json);
        var config = new TunnelConfig { FirewallConfig = document?.RootElement.Clone(), Hub = new HubInfo { Rev = ++_revision } };
        var blocks = BlocksOf(config.FirewallConfig);
        await _firewall.ApplyAsync(
            [new AskingHub(_tunnel, _revision, IsInForce: true) { Blocks = blocks }, .. _others], config, initial,
            CancellationToken.None).Soon();
    }

    private ReceivedBlocks? BlocksOf(string json)
    {
        using var document = JsonDocument.Parse(json);
        return BlocksOf(document.RootElement);
    }

    private ReceivedBlocks? BlocksOf(JsonElement? json)
    {
        if (json is not { } firewall)
            return null;
        FirewallConfigReader.ReadFromHub(firewall, out var config);
        return config.TimedBlocks.IsEmpty ? null : new ReceivedBlocks(config.TimedBlocks, _time.GetTimestamp());
    }

    private async Task ApplyConfirmedAsync(string json)
    {
        await ApplyAsync(json);
        _probe.Answer(null);
        Assert.Equal(FirewallReport.Applied, (await _tunnel.NextReportAsync()).FirewallState!.State);
    }

    private async Task FailConfirmationAsync(string fault, string outcome = FirewallReport.RolledBack)
    {
        _probe.Always(fault);
        await Eventually.IsTrueAsync(
            () =>
            {
                _time.Advance(FirewallController.RetryPause);
                return _firewall.Status.State == outcome;
            },
            "the way back");
        _probe.Always(null);
    }

    private sealed class FakeProbe : IHubProbe
    {
        private TaskCompletionSource<string?> _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private string? _always;

        public IReadOnlyCollection<IPAddress> KnownAddresses => [];

        /// <summary>Answers the try that waits, or the next one.</summary>
        public void Answer(string? fault) => _next.TrySetResult(fault);

        public void Always(string? fault)
        {
            _always = fault;
            if (fault is null)
                _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
            else
                Answer(fault);
        }

        public async Task<string?> TryAsync(CancellationToken cancellationToken)
        {
            if (_always is { } fault)
                return fault;
            var answer = await _next.Task.WaitAsync(cancellationToken);
            if (_always is null)
                _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return answer;
        }
    }

    private sealed class RecordingObserver : IPacketFilterObserver
    {
        public void OnFirewallChanged(long revision, FirewallStatus status)
        {
        }

        public List<FirewallDrift> Drifts { get; } = [];

        public void OnFirewallDrifted(FirewallDrift drift)
        {
            lock (Drifts)
                Drifts.Add(drift);
        }
    }

    private sealed class RecordingBlocker : ISourceBlocker
    {
        private volatile AddressSet? _blocked;

        public AddressSet? Blocked => _blocked;

        public int Block(AddressSet sources)
        {
            _blocked = sources;
            return 0;
        }
    }
}
