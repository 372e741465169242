using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Hosting;

public sealed class ServiceHeartbeatTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(4);

    private readonly ManualTimeProvider _time = new();
    private readonly RecordingNotifier _notifier = new() { WatchdogInterval = Interval };

    [Fact]
    public void Feeds_the_watchdog_and_tells_a_status_once()
    {
        using var beat = Start(_ => Task.FromResult<string?>(null));

        _time.Advance(Interval);
        _time.Advance(Interval);

        Assert.Equal(["WATCHDOG", "STATUS fine", "WATCHDOG"], Told());
    }

    [Fact]
    public void Does_not_feed_it_for_a_service_that_is_not_alive()
    {
        using var beat = Start(_ => Task.FromResult<string?>("it stands still"));

        _time.Advance(3 * Interval);

        Assert.Empty(Told());
    }

    [Fact]
    public void Does_not_feed_it_for_a_service_that_does_not_answer()
    {
        using var beat = Start(_ => new TaskCompletionSource<string?>().Task);

        _time.Advance(3 * Interval);

        Assert.Empty(Told());
    }

    [Fact]
    public void A_failing_check_is_not_the_end_of_the_checks()
    {
        var answers = new Queue<Task<string?>>(
            [Task.FromException<string?>(new InvalidOperationException("a bug")), Task.FromResult<string?>(null)]);
        using var beat = Start(_ => answers.Dequeue());

        _time.Advance(2 * Interval);

        Assert.Contains("WATCHDOG", Told());
    }

    [Fact]
    public void Is_quiet_after_the_end()
    {
        Start(_ => Task.FromResult<string?>(null)).Dispose();

        _time.Advance(3 * Interval);

        Assert.Empty(Told());
    }

    private ServiceHeartbeat Start(Func<CancellationToken, Task<string?>> findFault)
    {
        var service = new ServiceDefinition
        {
            Name = "tunnel-test",
            StartAsync = _ => Task.CompletedTask,
            StopAsync = _ => Task.CompletedTask,
            Status = () => "fine",
            FindFaultAsync = findFault,
        };
        return new ServiceHeartbeat(service, _notifier, NullLogger.Instance, _time);
    }

    private List<string> Told()
    {
        var told = new List<string>();
        while (_notifier.TryNext(out var message))
        {
            told.Add(message!);
        }

        return told;
    }
}
