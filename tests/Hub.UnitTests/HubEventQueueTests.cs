using Hub.UnitTests.Fakes;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub;

namespace Hub.UnitTests;

public sealed class HubEventQueueTests
{
    [Fact]
    public async Task A_subscriber_that_throws_loses_nothing_but_its_own()
    {
        var delivered = new List<HubEvent>();
        var queue = new HubEventQueue(
            raised =>
            {
                delivered.Add(raised);
                throw new InvalidOperationException("a subscriber's fault");
            },
            NullLogger.Instance);
        queue.Post(Event(1));
        queue.Post(Event(2));
        queue.Complete();
        await queue.RunAsync().WaitAsync(Patience.Limit);

        Assert.Equal([Event(1), Event(2)], delivered);
    }

    [Fact]
    public async Task A_subscriber_that_hangs_holds_up_nobody_and_what_is_lost_is_counted()
    {
        using var release = new ManualResetEventSlim();
        var delivered = 0;
        var queue = new HubEventQueue(
            _ =>
            {
                release.Wait();
                delivered++;
            },
            NullLogger.Instance);
        var running = Task.Run(queue.RunAsync);
        for (var i = 0; i < 10_000; i++)
            queue.Post(Event(i));
        var dropped = queue.Dropped;
        Assert.InRange(dropped, 10_000 - 4097, 10_000 - 4096);
        release.Set();
        queue.Complete();
        await running.WaitAsync(Patience.Limit);

        Assert.Equal(10_000, delivered + dropped);
    }

    private static CrashRecoveredEvent Event(int number) => new(number, null) { Time = default };
}
