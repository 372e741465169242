using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Hosting;

namespace Tunnel.Shared.UnitTests.Hosting;

public sealed class EventQueueTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_subscriber_that_throws_loses_nothing_but_its_own()
    {
        var delivered = new List<int>();
        var queue = new EventQueue<int>(
            raised =>
            {
                delivered.Add(raised);
                throw new InvalidOperationException("a subscriber's fault");
            },
            NullLogger.Instance);
        queue.Post(1);
        queue.Post(2);
        queue.Complete();
        await queue.RunAsync().WaitAsync(Patience, TestContext.Current.CancellationToken);

        Assert.Equal([1, 2], delivered);
    }

    [Fact]
    public async Task A_subscriber_that_hangs_holds_up_nobody_and_what_is_lost_is_counted()
    {
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var delivered = 0;
        var queue = new EventQueue<int>(
            _ =>
            {
                entered.Set();
                release.Wait();
                delivered++;
            },
            NullLogger.Instance,
            capacity: 100);
        var running = Task.Run(queue.RunAsync, TestContext.Current.CancellationToken);
        queue.Post(0);
        Assert.True(entered.Wait(Patience, TestContext.Current.CancellationToken));

        for (var i = 0; i < 1000; i++)
            queue.Post(i);
        Assert.Equal(900, queue.Dropped);

        release.Set();
        queue.Complete();
        await running.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(101, delivered);
    }
}
