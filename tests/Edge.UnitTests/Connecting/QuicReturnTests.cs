using Tunnel.Edge.Connecting;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Connecting;

/// <summary>When QUIC is tried again: now and then, and soon after a change, but not more often than it can be of use.</summary>
public sealed class QuicReturnTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly QuicReturn _return;

    public QuicReturnTests() => _return = new QuicReturn(_time);

    [Fact]
    public async Task Where_nothing_changes_ten_minutes_pass()
    {
        var wait = WaitAsync();
        _time.Advance(QuicReturn.Interval - TimeSpan.FromTicks(1));
        Assert.False(wait.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.False(await wait.Soon());
    }

    [Fact]
    public async Task A_change_ends_the_wait_a_second_later_however_many_parts_it_has()
    {
        var wait = WaitAsync();
        _time.Advance(TimeSpan.FromMinutes(5));
        for (var i = 0; i < 10; i++)
            _return.OnNetworkChanged();
        await PauseAsync(ChangePace.FirstPause);
        _return.OnNetworkChanged();
        _time.Advance(ChangePace.FirstPause - TimeSpan.FromTicks(1));
        Assert.False(wait.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));

        Assert.True(await wait.Soon());
        Assert.Equal(0, _time.WaitingTimers);
    }

    [Fact]
    public async Task A_change_since_the_last_try_began_counts_and_one_before_it_does_not()
    {
        _return.OnNetworkChanged();
        _return.OnTry();
        var wait = WaitAsync();
        Assert.Equal(QuicReturn.Interval, _time.UntilNext);
        _time.Advance(QuicReturn.Interval);
        Assert.False(await wait.Soon());

        _return.OnTry();
        _return.OnNetworkChanged();
        wait = WaitAsync();
        await PauseAsync(ChangePace.FirstPause);
        _time.Advance(ChangePace.FirstPause);
        Assert.True(await wait.Soon());
    }

    [Fact]
    public async Task An_interface_that_comes_and_goes_brings_a_try_every_half_minute_and_the_next_real_change_one_at_once()
    {
        double[] expected = [1, 2, 4, 8, 16, 30, 30, 30];
        foreach (var seconds in expected)
        {
            _return.OnTry();
            _return.OnNetworkChanged();
            var wait = WaitAsync();
            await PauseAsync(TimeSpan.FromSeconds(seconds));
            _time.Advance(TimeSpan.FromSeconds(seconds));
            Assert.True(await wait.Soon());
        }

        _return.OnTry();
        var next = WaitAsync();
        _time.Advance(ChangePace.LastPause);
        _return.OnNetworkChanged();
        await PauseAsync(ChangePace.FirstPause);
        _time.Advance(ChangePace.FirstPause);
        Assert.True(await next.Soon());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stop_ends_the_wait(bool afterChange)
    {
        using var stop = new CancellationTokenSource();
        var wait = _return.WaitAsync(stop.Token);
        if (afterChange)
        {
            _return.OnNetworkChanged();
            await PauseAsync(ChangePace.FirstPause);
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait.Soon());
        Assert.Equal(0, _time.WaitingTimers);
    }

    private Task<bool> WaitAsync() => _return.WaitAsync(TestContext.Current.CancellationToken);

    // The wait after a change begins on another thread.
    private Task PauseAsync(TimeSpan pause) =>
        Eventually.IsTrueAsync(() => _time.UntilNext == pause, "the pause after the change");
}
