using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.State;

namespace Tunnel.Hub.UnitTests.Edges.State;

public sealed class EdgeChangeNotifierTests
{
    [Fact]
    public async Task What_happens_while_a_listener_is_busy_is_merged_into_one_change()
    {
        var notifier = new EdgeChangeNotifier(NullLogger.Instance);
        var changes = new BlockingCollection<EdgeSetChange>();
        using var release = new SemaphoreSlim(0);
        using var entered = new SemaphoreSlim(0);
        notifier.Changed += change =>
        {
            entered.Release();
            release.Wait();
            changes.Add(change);
        };

        notifier.Notify(new EdgeSetChange(["first"], [], []));
        await entered.WaitAsync();
        notifier.Notify(new EdgeSetChange(["new", "changed", "short-lived"], [], ["back"]));
        notifier.Notify(new EdgeSetChange(["back"], ["changed"], ["short-lived"]));
        release.Release(2);

        Assert.Equal(["first"], changes.Take().Added);
        var merged = changes.Take();
        Assert.Equal(["new"], merged.Added);
        Assert.Equal(["back", "changed"], merged.Updated.Order());
        Assert.Equal(["short-lived"], merged.Removed);
    }

    [Fact]
    public async Task A_listener_that_throws_keeps_no_other_from_the_change()
    {
        var notifier = new EdgeChangeNotifier(NullLogger.Instance);
        var told = new TaskCompletionSource<EdgeSetChange>();
        notifier.Changed += _ => throw new InvalidOperationException("a listener's mistake");
        notifier.Changed += told.SetResult;
        notifier.Notify(new EdgeSetChange([], [], ["gone"]));
        Assert.Equal(["gone"], (await told.Task).Removed);
    }
}
