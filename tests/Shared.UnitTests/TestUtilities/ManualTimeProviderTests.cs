using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.TestUtilities;

public class ManualTimeProviderTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();
    private readonly List<string> _fired = [];

    [Fact]
    public void The_clock_moves_only_when_told_to()
    {
        var (timestamp, utcNow) = (_time.GetTimestamp(), _time.GetUtcNow());
        Assert.Equal(timestamp, _time.GetTimestamp());

        _time.Advance(TimeSpan.FromMilliseconds(1500));

        Assert.Equal(TimeSpan.FromMilliseconds(1500), _time.GetElapsedTime(timestamp));
        Assert.Equal(TimeSpan.FromMilliseconds(1500), _time.GetUtcNow() - utcNow);
    }

    [Fact]
    public void Timers_fire_in_order_and_see_their_own_due_time()
    {
        var start = _time.GetTimestamp();
        void Set(string name, int seconds) =>
            _time.CreateTimer(
                _ => _fired.Add($"{name}@{_time.GetElapsedTime(start).TotalSeconds}"), null, seconds * Second, Timeout.InfiniteTimeSpan);
        Set("c", 3);
        Set("a", 1);
        Set("b1", 2);
        Set("b2", 2);
        Set("late", 10);

        _time.Advance(5 * Second);

        Assert.Equal(["a@1", "b1@2", "b2@2", "c@3"], _fired);
        Assert.Equal(1, _time.WaitingTimers);
    }

    [Fact]
    public void A_periodic_timer_fires_each_time_until_it_is_disposed()
    {
        var timer = _time.CreateTimer(_ => _fired.Add("tick"), null, Second, 2 * Second);
        // The timer fires at 1, 3 and 5.
        _time.Advance(6 * Second);
        Assert.Equal(3, _fired.Count);

        timer.Dispose();
        _time.Advance(6 * Second);
        Assert.Equal(3, _fired.Count);
        Assert.False(timer.Change(Second, Second));
    }

    [Fact]
    public void A_timer_can_be_changed_and_stopped()
    {
        var timer = _time.CreateTimer(_ => _fired.Add("fired"), null, Second, Timeout.InfiniteTimeSpan);
        Assert.True(timer.Change(5 * Second, Timeout.InfiniteTimeSpan));
        _time.Advance(4 * Second);
        Assert.Empty(_fired);

        Assert.True(timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        _time.Advance(10 * Second);
        Assert.Empty(_fired);
    }

    [Fact]
    public void Timers_set_by_a_callback_fire_within_the_same_advance()
    {
        _time.CreateTimer(
            _ => _time.CreateTimer(_ => _fired.Add("inner"), null, Second, Timeout.InfiniteTimeSpan), null, Second,
            Timeout.InfiniteTimeSpan);
        _time.Advance(2 * Second);
        Assert.Equal(["inner"], _fired);
    }

    [Fact]
    public async Task Delays_and_timeouts_follow_the_clock()
    {
        var delay = Task.Delay(30 * Second, _time, TestContext.Current.CancellationToken);
        using var timeout = new CancellationTokenSource(45 * Second, _time);

        _time.Advance(30 * Second);
        await delay;
        Assert.False(timeout.IsCancellationRequested);

        _time.Advance(15 * Second);
        Assert.True(timeout.IsCancellationRequested);
    }

    [Fact]
    public void Timers_can_be_set_by_many_threads_while_the_clock_moves()
    {
        var fired = 0;
        Parallel.For(0, 100, i =>
        {
            _time.CreateTimer(_ => Interlocked.Increment(ref fired), null, (1 + (i % 7)) * Second, Timeout.InfiniteTimeSpan);
            _time.Advance(Second);
        });
        _time.Advance(10 * Second);

        Assert.Equal(100, fired);
        Assert.Equal(0, _time.WaitingTimers);
    }
}
