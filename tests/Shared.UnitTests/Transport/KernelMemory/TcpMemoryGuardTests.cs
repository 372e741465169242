using Microsoft.Extensions.Logging;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.KernelMemory;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Transport.KernelMemory;

/// <summary>The guard works with figures of the test's own, in virtual time.</summary>
public sealed class TcpMemoryGuardTests : IDisposable
{
    // A thousandth is a megabyte or so, whatever the machine's page.
    private const long Limit = 100_000;
    private readonly ManualTimeProvider _time = new();
    private readonly LineRecorder _log = new();
    private readonly FlowController _flow = new(new FlowControlOptions());
    private readonly TcpMemoryGuard _guard;
    private int? _percent = 0;

    public TcpMemoryGuardTests()
    {
        _guard = new TcpMemoryGuard(isShort => _flow.KernelIsShort = isShort, _time, _log);
        _guard.Start(() => _percent is { } percent ? new TcpMemoryFigures(Limit * percent / 100, 0, 0, Limit) : null);
    }

    public void Dispose() => _guard.Dispose();

    [Fact]
    public void Each_state_begins_at_its_share_and_ends_five_percent_below_with_one_line_a_change()
    {
        Assert.Equal(
            [
                (74, TcpMemoryState.Normal), (75, TcpMemoryState.Short), (89, TcpMemoryState.Short), (70, TcpMemoryState.Short),
                (69, TcpMemoryState.Normal),
                (90, TcpMemoryState.Exhausted), (85, TcpMemoryState.Exhausted), (84, TcpMemoryState.Short), (70, TcpMemoryState.Short),
                (0, TcpMemoryState.Normal),
            ],
            new[] { 74, 75, 89, 70, 69, 90, 85, 84, 70, 0 }.Select(percent => (percent, After(percent))).ToArray());
        Assert.Equal([1011, 1010, 1012, 1011, 1010], _log.Ids);
    }

    [Fact]
    public void While_it_is_short_no_window_grows_and_while_it_is_used_up_there_are_no_new_streams()
    {
        After(75);
        Assert.Equal((FlowController.ShortWindow, false, false), (_flow.Ceiling, _flow.TryGrow(1), _guard.RefusesStreams));
        After(90);
        Assert.True(_guard.RefusesStreams);
        After(0);
        Assert.Equal((int.MaxValue, true, false), (_flow.Ceiling, _flow.TryGrow(1), _guard.RefusesStreams));
    }

    [Fact]
    public void Streams_that_stall_have_small_buffers_until_they_move_or_it_is_over()
    {
        var (stalled, moving) = (Holder(seconds: 2), Holder(seconds: 0));
        After(75);
        Assert.Equal((true, false), (stalled.IsSmall, moving.IsSmall));
        (stalled.StalledFor, moving.StalledFor) = (TimeSpan.Zero, TimeSpan.FromSeconds(1));
        After(75);
        Assert.Equal((false, true), (stalled.IsSmall, moving.IsSmall));
        After(10);
        Assert.False(moving.IsSmall);
        Assert.Equal((0, 0), (stalled.Resets, moving.Resets));
    }

    [Fact]
    public void Those_that_stall_longest_are_reset_until_enough_is_free_and_no_other()
    {
        // The use falls from 95 % to below 85 %: ten hundredths, of which each has four.
        var holders = Enumerable.Range(1, 8).Select(seconds => Holder(seconds)).ToArray();
        holders[7].HeldBytes = 0;
        After(95);
        Assert.Equal([false, false, false, false, true, true, true, false], holders.Select(holder => holder.Resets > 0));
        Assert.Equal(3, _guard.StreamsReset);

        // The memory that was freed shows in the next figures.
        After(88);
        Assert.Equal(3, holders.Sum(holder => holder.Resets));
    }

    [Fact]
    public void A_socket_that_was_closed_is_left_alone()
    {
        var holder = Holder(seconds: 60);
        _guard.Remove(holder);
        After(99);
        Assert.Equal((0, false), (holder.Resets, holder.IsSmall));
    }

    [Fact]
    public void While_the_kernel_does_not_tell_all_stays_as_it_is()
    {
        After(90);
        _percent = null;
        _time.Advance(TcpMemoryGuard.Period);
        Assert.True(_guard.RefusesStreams);
        Assert.Equal("exhausted", _guard.Status?.State);
    }

    [Fact]
    public void The_status_has_words_only_when_there_is_something_to_say()
    {
        Assert.Null(_guard.Status!.Describe());
        After(90);
        Assert.StartsWith("exhausted: ", _guard.Status!.Describe());
        Assert.Equal(Limit * Environment.SystemPageSize, _guard.Status!.Limit);
        Assert.Null(new TcpMemoryGuard(isShort => _flow.KernelIsShort = isShort, _time, _log).Status);
    }

    private TcpMemoryState After(int percent)
    {
        _percent = percent;
        _time.Advance(TcpMemoryGuard.Period);
        return _guard.State;
    }

    private FakeHolder Holder(int seconds)
    {
        var holder =
            new FakeHolder(_guard) { StalledFor = TimeSpan.FromSeconds(seconds), HeldBytes = Limit * Environment.SystemPageSize * 4 / 100 };
        _guard.Add(holder);
        return holder;
    }

    private sealed class FakeHolder(TcpMemoryGuard guard) : ITcpMemoryHolder
    {
        public TimeSpan StalledFor { get; set; }

        public long HeldBytes { get; set; }

        public bool IsSmall { get; private set; }

        public int Resets { get; private set; }

        public void SetSmallBuffers(bool small) => IsSmall = small;

        public void ResetForMemory()
        {
            Resets++;
            guard.Remove(this);
        }
    }

    private sealed class LineRecorder : ILogger
    {
        public List<int> Ids { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Ids.Add(eventId.Id);
    }
}
