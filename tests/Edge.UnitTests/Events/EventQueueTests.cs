using Edge.UnitTests.Fakes;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Edge.Events;

namespace Edge.UnitTests.Events;

public sealed class EventQueueTests
{
    [Fact]
    public async Task A_subscriber_that_hangs_holds_up_nobody_and_what_is_too_much_is_dropped()
    {
        var queue = new EventQueue(NullLogger.Instance);
        using var release = new ManualResetEventSlim();
        using var entered = new ManualResetEventSlim();
        int seen = 0;
        EventHandler<int> handler = (_, _) =>
        {
            entered.Set();
            release.Wait();
            seen++;
        };
        queue.Raise(handler, this, 0);
        Assert.True(entered.Wait(Eventually.Limit, TestContext.Current.CancellationToken));

        for (int number = 0; number < 2000; number++)
            queue.Raise(handler, this, number);
        Assert.Equal(2000 - 1024, queue.Dropped);

        release.Set();
        await queue.DisposeAsync().AsTask().Soon();
        Assert.Equal(1025, seen);
    }

    [Fact]
    public async Task Without_a_subscriber_nothing_is_queued()
    {
        await using var queue = new EventQueue(NullLogger.Instance);
        for (int number = 0; number < 2000; number++)
            queue.Raise<int>(null, this, number);
        Assert.Equal(0, queue.Dropped);
    }
}
