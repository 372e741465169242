using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Guarding;

/// <summary>An exception where nobody is above does not stop the others, and is logged once.</summary>
public sealed class DefectsTests : IDisposable
{
    private readonly ListLogger _logger = new();
    private readonly IDisposable _subscription;

    public DefectsTests() => _subscription = Defects.LogTo(_logger);

    public void Dispose() => _subscription.Dispose();

    [Fact]
    public void Each_kind_is_logged_once_with_its_stack()
    {
        for (var i = 0; i < 3; i++)
        {
            Defects.Run("here", Throw);
            Defects.Run("there", Throw);
        }

        Assert.Equal(["here", "there"], _logger.Of(nameof(Throw)));
    }

    [Fact]
    public void A_timer_whose_callback_throws_goes_on()
    {
        var time = new ManualTimeProvider();
        var calls = new List<int>();
        using var timer = time.CreateGuardedTimer(
            static calls =>
            {
                calls.Add(1);
                throw new InvalidOperationException("a timer");
            },
            calls,
            TimeSpan.FromSeconds(1),
            TimeSpan.FromSeconds(1));

        time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(3, calls.Count);
    }

    [Fact]
    public void What_throws_in_a_sweep_or_while_it_is_paced_keeps_nobody_else_from_it()
    {
        var time = new ManualTimeProvider();
        var (sweeper, pacer) = (new Sweeper(time), new Pacer(time));
        var (first, second) = (new Item { Throws = true }, new Item());
        sweeper.Add(first);
        sweeper.Add(second);
        pacer.Add(first);
        pacer.Add(second);

        time.Advance(Sweeper.Period);
        Assert.Equal((1, 1), (first.Sweeps, first.Paces));
        Assert.Equal((1, 1), (second.Sweeps, second.Paces));

        // The timers are set again.
        sweeper.Add(second);
        pacer.Add(second);
        time.Advance(Sweeper.Period);
        Assert.Equal((2, 2), (second.Sweeps, second.Paces));
    }

    [Fact]
    public async Task A_task_that_nobody_waits_for_is_noted_when_it_fails_and_not_when_it_is_cancelled()
    {
        var (failing, cancelled) = (new TaskCompletionSource(), new TaskCompletionSource());
        failing.Task.Guard("a failing task");
        cancelled.Task.Guard("a cancelled task");
        Task.CompletedTask.Guard("a task that is done");
        ThrowAsync().Guard("a task that has failed already");
        cancelled.SetCanceled(TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await Fail());

        // The notes are made by continuations, which run before this method goes on.
        Assert.Equal(
            ["a failing task", "a task that has failed already"],
            _logger.Places.Where(static place => place.StartsWith("a ", StringComparison.Ordinal)));

        Task Fail()
        {
            failing.SetException(new InvalidOperationException("a defect of a task"));
            return failing.Task;
        }
    }

    private static Task ThrowAsync() => Task.FromException(new InvalidOperationException("a defect that came at once"));

    private static void Throw() => throw new InvalidOperationException("a defect");

    private sealed class Item : ISweepable, IPaced
    {
        public bool Throws { get; init; }

        public int Sweeps { get; private set; }

        public int Paces { get; private set; }

        public bool Sweep()
        {
            Sweeps++;
            return Throws ? throw new InvalidOperationException("a sweep") : false;
        }

        public void OnPace()
        {
            Paces++;
            if (Throws)
                throw new InvalidOperationException("a pace");
        }
    }

    private sealed class ListLogger : ILogger
    {
        private readonly List<(string Where, string Stack)> _lines = [];

        // Other tests of this process may note defects meanwhile.
        public string[] Of(string method)
        {
            lock (_lines)
            {
                return [
                    .. _lines.Where(line => line.Stack.Contains($".{method}()", StringComparison.Ordinal)).Select(
                        static line => line.Where)];
            }
        }

        public string[] Places
        {
            get
            {
                lock (_lines)
                    return [.. _lines.Select(static line => line.Where).Order(StringComparer.Ordinal)];
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var where = ((IEnumerable<KeyValuePair<string, object?>>)state!).First(static pair => pair.Key == "Where").Value;
            lock (_lines)
                _lines.Add(($"{where}", $"{exception}"));
        }
    }
}
