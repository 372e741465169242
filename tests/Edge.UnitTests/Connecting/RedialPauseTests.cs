using Tunnel.Edge.Connecting;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Connecting;

/// <summary>How long an edge waits before it dials again. Its share is always half.</summary>
public sealed class RedialPauseTests
{
    private static readonly TunnelEnd Lost = new(TunnelEndKind.ConnectionLost, "cut");
    private static readonly TunnelEnd Silent = new(TunnelEndKind.Timeout, "nothing came");
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Short = Backoff.ShortLived - TimeSpan.FromTicks(1);

    private readonly ManualTimeProvider _time = new();
    private readonly RedialPause _pause;

    public RedialPauseTests() => _pause = new RedialPause(static () => 0.5, _time);

    [Fact]
    public void Dials_that_fail_are_followed_by_longer_and_longer_waits_up_to_a_limit()
    {
        double[] expected = [0.25, 0.5, 1, 2, 4, 8, 15, 15];
        Assert.Equal(expected, expected.Select(_ => _pause.AfterFailure(DialFailureKind.Unreachable).TotalSeconds).ToArray());
        Assert.Equal(1, _pause.AfterFailure(DialFailureKind.Unreachable, TimeSpan.FromSeconds(2)).TotalSeconds);
    }

    [Theory]
    [InlineData(DialFailureKind.Unreachable, true)]
    [InlineData(DialFailureKind.Timeout, true)]
    [InlineData(DialFailureKind.Unauthorized, false)]
    [InlineData(DialFailureKind.WrongCertificate, false)]
    public async Task A_change_of_addresses_ends_the_wait_for_a_hub_that_was_not_reached(DialFailureKind kind, bool ends)
    {
        _pause.OnNetworkChanged();
        _pause.OnDial();
        _pause.AfterFailure(kind);
        var wait = _pause.WaitAsync(Long, TestContext.Current.CancellationToken);
        Assert.Equal(Long, _time.UntilNext);
        _pause.OnNetworkChanged();
        if (ends)
            await Eventually.IsTrueAsync(() => _time.UntilNext == ChangePace.FirstPause, "the pause after the change");
        _time.Advance(ChangePace.FirstPause);
        if (ends)
            await wait.Soon();
        Assert.Equal(ends, wait.IsCompleted);
    }

    [Fact]
    public void Edges_that_lose_a_hub_together_spread_and_one_whose_path_fell_silent_does_not_wait()
    {
        _pause.Note(new TunnelConfig { Hub = new HubInfo { RedialSpread = 3_000 } });
        Assert.Equal(TimeSpan.FromSeconds(1.5), _pause.AfterLoss(Lost));
        Assert.Equal(TimeSpan.Zero, _pause.AfterLoss(Silent));
        Assert.Equal(TimeSpan.FromSeconds(1.5), _pause.AfterGoAway(new GoAway(GoAway.Shutdown, 0), Long));
    }

    [Fact]
    public void Streams_that_wait_are_brought_a_tunnel_at_once_unless_tunnels_break_at_once()
    {
        Assert.Equal(TimeSpan.Zero, _pause.AfterEnd(Silent, Long, streamsWait: true));
        Assert.Equal(TimeSpan.FromSeconds(0.25), _pause.AfterEnd(Silent, Long, streamsWait: false));
        Assert.Equal(TimeSpan.FromSeconds(0.25), _pause.AfterEnd(Silent, Short, streamsWait: true));
        Assert.Equal(TimeSpan.FromSeconds(0.5), _pause.AfterEnd(Silent, Short, streamsWait: true));
    }

    [Fact]
    public void A_hub_that_restarts_is_dialled_often_for_a_while_but_one_that_refuses_is_not()
    {
        _pause.AfterGoAway(new GoAway(GoAway.Shutdown, 0), Long);
        for (var i = 0; i < 5; i++)
            Assert.Equal(RedialPause.RestartPause, _pause.AfterFailure(DialFailureKind.Unreachable));
        Assert.Equal(TimeSpan.FromSeconds(0.25), _pause.AfterFailure(DialFailureKind.Unauthorized));
        Assert.Equal(TimeSpan.FromSeconds(0.5), _pause.AfterFailure(DialFailureKind.Unauthorized));
        _time.Advance(RedialPause.RestartPatience);
        Assert.Equal(TimeSpan.FromSeconds(1), _pause.AfterFailure(DialFailureKind.Unreachable));
    }

    [Fact]
    public void A_hub_that_sends_goaway_on_each_new_tunnel_is_not_hammered_but_upgrades_in_a_row_are_followed()
    {
        double[] expected = [0.25, 0.5, 1, 2];
        Assert.Equal(expected, expected.Select(_ => _pause.AfterGoAway(new GoAway(GoAway.Shutdown, 0), Short).TotalSeconds).ToArray());
        Assert.Equal(Backoff.FirstCeiling, _pause.AfterGoAway(new GoAway(GoAway.Upgrade, 0), Short));
    }

    [Fact]
    public void Another_process_with_the_id_is_asked_after_every_four_seconds_from_dial_to_dial()
    {
        _pause.OnDial();
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(3), _pause.AfterConflict());
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(Backoff.FirstCeiling, _pause.AfterConflict());
    }
}
