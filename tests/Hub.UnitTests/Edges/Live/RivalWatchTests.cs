using Tunnel.Hub.Edges.Live;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Edges.Live;

/// <summary>A tunnel that stands in a newcomer's way is asked for a sign of life between the newcomer's tries.</summary>
public sealed class RivalWatchTests
{
    private static readonly TimeSpan Limit = TunnelRivalry.ProbeTimeout;
    private readonly ManualTimeProvider _time = new();
    private readonly FakeTunnel _tunnel;
    private readonly RivalWatch _watch;

    public RivalWatchTests()
    {
        _tunnel = new FakeTunnel { Time = _time };
        _watch = new RivalWatch(_tunnel, _time);
    }

    [Fact]
    public async Task One_that_falls_silent_right_after_its_answer_is_known_to_have_ended_when_the_newcomer_comes_again()
    {
        await FallSilentAsync();

        // The newcomer comes again after four seconds, and has one more second for its ports.
        _time.Advance(Limit);
        await AskedAsync(3);
        var answer = _watch.IsAliveAsync();
        Assert.True(answer.IsCompleted);
        Assert.False(await answer);
    }

    [Fact]
    public async Task A_newcomer_waits_only_for_the_rest_of_a_question_that_is_on_its_way()
    {
        await FallSilentAsync();
        _time.Advance(Limit - TimeSpan.FromMilliseconds(1));

        var answer = _watch.IsAliveAsync();
        Assert.False(answer.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(await answer.WaitAsync(Patience.Limit));
    }

    [Fact]
    public async Task One_that_was_silent_and_answers_again_lives()
    {
        await FallSilentAsync();
        _time.Advance(Limit);
        await AskedAsync(3);
        Assert.False(await _watch.IsAliveAsync());

        _tunnel.IsAlive = true;
        _time.Advance(Limit);
        await Eventually.IsTrueAsync(() => Task.FromResult(_time.UntilNext == RivalWatch.Pause), "the pause after an answer");
        Assert.True(await _watch.IsAliveAsync());
    }

    [Fact]
    public async Task One_that_ends_keeps_nobody_waiting()
    {
        _tunnel.IsAlive = false;
        var answer = _watch.IsAliveAsync();
        Assert.False(answer.IsCompleted);
        await _tunnel.CloseAsync(new TunnelEnd(TunnelEndKind.PeerClosed, ""));
        Assert.False(await answer.WaitAsync(Patience.Limit));
    }

    [Fact]
    public async Task When_the_newcomer_stays_away_nothing_is_asked_any_more()
    {
        Assert.True(await _watch.IsAliveAsync());
        _watch.OnTurnedAway();
        var seconds = 0;
        while (_time.WaitingTimers > 0)
        {
            Assert.InRange(++seconds, 1, 20);
            _time.Advance(RivalWatch.Pause);
            await Eventually.IsTrueAsync(
                () => Task.FromResult(_time.WaitingTimers > 0 || _time.GetElapsedTime(0) >= RivalWatch.Patience), "the next pause");
        }

        Assert.Equal(RivalWatch.Patience, TimeSpan.FromSeconds(seconds));
        Assert.Equal(seconds, _tunnel.Probes.Count);
    }

    // The tunnel falls silent right after its first answer, for which a newcomer was turned away; then it is asked again.
    private async Task FallSilentAsync()
    {
        Assert.True(await _watch.IsAliveAsync());
        _watch.OnTurnedAway();
        _tunnel.IsAlive = false;
        _time.Advance(RivalWatch.Pause);
        await AskedAsync(2);
    }

    private Task AskedAsync(int times) =>
        Eventually.IsTrueAsync(() => Task.FromResult(_tunnel.Probes.Count == times), $"question {times}");
}
