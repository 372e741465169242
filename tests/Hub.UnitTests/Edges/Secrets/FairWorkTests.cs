using Tunnel.Hub.Edges.Secrets;

namespace Tunnel.Hub.UnitTests.Edges.Secrets;

public sealed class FairWorkTests : IDisposable
{
    private readonly SemaphoreSlim _entered = new(0);
    private readonly SemaphoreSlim _leave = new(0);
    private readonly List<string> _order = [];

    public void Dispose()
    {
        _entered.Dispose();
        _leave.Dispose();
    }

    [Fact]
    public async Task Owners_take_turns_whatever_each_has_waiting()
    {
        var work = new FairWork<string>(concurrent: 1, queued: 100);
        var all = new List<Task<object?>> { Run(work, "first") };
        await _entered.WaitAsync();
        for (var i = 0; i < 50; i++)
            all.Add(Run(work, "much"));
        all.Add(Run(work, "little"));

        _leave.Release(all.Count);
        await Task.WhenAll(all);

        Assert.Equal(["first", "much", "little", "much"], _order.Take(4));
    }

    [Fact]
    public async Task Who_has_much_waiting_gives_way_when_the_queue_is_full_and_not_for_one_that_has_as_much()
    {
        var work = new FairWork<string>(concurrent: 1, queued: 4);
        var first = Run(work, "first");
        await _entered.WaitAsync();
        Task<object?>[] much = [.. Enumerable.Range(0, 4).Select(_ => Run(work, "much"))];
        Assert.Null(await Run(work, "much"));

        var little = Run(work, "little");
        Assert.Null(await much[3]);
        var other = Run(work, "little");
        Assert.Null(await much[2].WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Null(await Run(work, "little"));

        _leave.Release(5);
        Assert.All(await Task.WhenAll(first, much[0], much[1], little, other), Assert.NotNull);
    }

    [Fact]
    public async Task One_that_gives_up_makes_room_and_takes_nobodys_turn()
    {
        var work = new FairWork<string>(concurrent: 1, queued: 1);
        var first = Run(work, "first");
        await _entered.WaitAsync();
        using var limit = new CancellationTokenSource();
        var gone = Run(work, "gone", limit.Token);
        await limit.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);

        var next = Run(work, "gone");
        _leave.Release(2);
        Assert.NotNull(await first);
        Assert.NotNull(await next);
        Assert.Equal(["first", "gone"], _order);
        _leave.Release();
        Assert.NotNull(await Run(work, "later"));
    }

    private Task<object?> Run(FairWork<string> work, string owner, CancellationToken cancellationToken = default) =>
        work.TryRunAsync<object>(
        owner,
        () =>
        {
            _order.Add(owner);
            _entered.Release();
            _leave.Wait(CancellationToken.None);
            return owner;
        },
        cancellationToken);
}
