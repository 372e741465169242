using System.Diagnostics;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.UnitTests.Sockets;

public sealed class EventLoopTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task What_is_posted_runs_in_order_on_the_loop_s_thread()
    {
        var loop = EventLoops.Next();
        var order = new List<int>();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        for (var i = 0; i < 1_000; i++)
        {
            var number = i;
            loop.Post(() =>
            {
                Assert.True(loop.IsCurrent);
                order.Add(number);
            });
        }

        loop.Post(done.SetResult);
        await done.Task.WaitAsync(Hang, TestContext.Current.CancellationToken);

        Assert.False(loop.IsCurrent);
        Assert.Equal(Enumerable.Range(0, 1_000), order);
    }

    [Fact]
    public async Task A_yield_gives_others_their_turn()
    {
        var loop = EventLoops.Next();
        var turns = new List<string>();
        var one = TakeTurnsAsync("one");
        var other = TakeTurnsAsync("other");
        await Task.WhenAll(one, other).WaitAsync(Hang, TestContext.Current.CancellationToken);

        // Neither has two turns in a row once both are under way.
        var both = turns.SkipWhile(name => name == turns[0]).ToArray();
        for (var i = 1; i < both.Length - 1 && both[i..].Distinct().Count() == 2; i++)
            Assert.NotEqual(both[i], both[i - 1]);

        async Task TakeTurnsAsync(string name)
        {
            for (var i = 0; i < 100; i++)
            {
                await loop.Yield();
                turns.Add(name);
            }
        }
    }

    [Fact]
    public async Task Those_that_yielded_have_as_much_time_as_what_is_new()
    {
        var loop = EventLoops.Next();
        var order = new List<string>();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(() =>
        {
            Work();
            for (var i = 0; i < 10; i++)
                _ = TurnAsync();
            loop.Post(() =>
            {
                order.Add("new");
                done.SetResult();
            });
        });
        await done.Task.WaitAsync(Hang, TestContext.Current.CancellationToken);

        Assert.Equal([.. Enumerable.Repeat("turn", 10), "new"], order);

        async Task TurnAsync()
        {
            await loop.Yield();
            order.Add("turn");
        }
    }

    [Fact]
    public async Task What_is_new_waits_for_one_long_turn_of_those_that_yielded()
    {
        var loop = EventLoops.Next();
        var order = new List<string>();
        var tasks = new List<Task>();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(() =>
        {
            for (var i = 0; i < 10; i++)
                tasks.Add(TurnAsync(isFirst: i == 0));
            begun.SetResult();
        });
        await begun.Task.WaitAsync(Hang, TestContext.Current.CancellationToken);
        await Task.WhenAll(tasks).WaitAsync(Hang, TestContext.Current.CancellationToken);

        Assert.Equal(["turn", "new", .. Enumerable.Repeat("turn", 9)], order);

        async Task TurnAsync(bool isFirst)
        {
            await loop.Yield();
            order.Add("turn");
            if (!isFirst)
                return;
            loop.Post(() => order.Add("new"));
            Work();
        }
    }

    private static void Work()
    {
        for (var watch = Stopwatch.StartNew(); watch.ElapsedMilliseconds < 100;)
            Thread.SpinWait(100);
    }
}
