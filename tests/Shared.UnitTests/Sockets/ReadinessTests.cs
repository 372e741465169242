using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.UnitTests.Sockets;

public sealed class ReadinessTests
{
    [Fact]
    public void An_event_that_comes_while_nobody_waits_is_remembered_until_it_is_answered()
    {
        var readiness = new Readiness();
        Assert.False(readiness.IsReady);

        readiness.Signal(isFinal: false);

        Assert.True(readiness.TryAwait());
        Assert.True(readiness.TryAwait());
        readiness.Clear();
        Assert.False(readiness.TryAwait());
    }

    [Fact]
    public void The_owner_is_told_once_for_each_wait_and_finds_it_ready()
    {
        var owner = new Owner();
        var readiness = new Readiness(owner);
        owner.WhenReadable = () => Assert.True(readiness.IsReady);

        Assert.False(readiness.TryAwait());
        Assert.False(readiness.TryAwait());
        readiness.Signal(isFinal: false);
        readiness.Signal(isFinal: false);

        Assert.Equal(1, owner.Readable);
    }

    [Fact]
    public async Task A_wait_ends_with_the_event_and_the_next_one_waits_again()
    {
        var readiness = new Readiness();
        for (var i = 0; i < 3; i++)
        {
            var waiting = readiness.WaitAsync(TestContext.Current.CancellationToken);
            Assert.False(waiting.IsCompleted);
            readiness.Signal(isFinal: false);
            await waiting;
            readiness.Clear();
        }
    }

    [Fact]
    public async Task A_wait_can_be_given_up()
    {
        var readiness = new Readiness();
        using var giveUp = new CancellationTokenSource();
        var waiting = readiness.WaitAsync(giveUp.Token);

        await giveUp.CancelAsync();

        await Assert.ThrowsAsync<OperationCanceledException>(async () => await waiting);
        Assert.False(readiness.WaitAsync(CancellationToken.None).IsCompleted);
    }

    [Fact]
    public void After_the_last_event_nothing_waits_any_more()
    {
        var readiness = new Readiness();
        readiness.Signal(isFinal: true);
        readiness.Clear();

        Assert.True(readiness.IsReady);
        Assert.True(readiness.TryAwait());
        Assert.True(readiness.WaitAsync(TestContext.Current.CancellationToken).IsCompletedSuccessfully);
    }

    // This was found by a handshake that hung: an event between two looks at the state was lost.
    [Fact]
    public async Task No_event_is_lost_in_a_race()
    {
        const int Rounds = 100_000;
        var readiness = new Readiness { UsesPool = true };
        var turn = 0;
        var signalling = Task.Run(
            () =>
            {
                for (var i = 1; i <= Rounds; i++)
                {
                    SpinWait.SpinUntil(() => Volatile.Read(ref turn) == i);
                    readiness.Signal(isFinal: false);
                }
            },
            TestContext.Current.CancellationToken);

        for (var i = 1; i <= Rounds; i++)
        {
            readiness.Clear();
            Volatile.Write(ref turn, i);
            await readiness.WaitAsync(TestContext.Current.CancellationToken);
        }

        await signalling;
    }

    private sealed class Owner : ISocketOwner
    {
        public int Readable { get; private set; }

        public Action? WhenReadable { get; set; }

        public void OnReadable()
        {
            Readable++;
            WhenReadable?.Invoke();
        }

        public void OnError() => Assert.Fail("there was no error");
    }
}
