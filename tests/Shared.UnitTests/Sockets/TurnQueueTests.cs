using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.UnitTests.Sockets;

public sealed class TurnQueueTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    private readonly EventLoop _loop = EventLoop.Start("turns");
    private readonly List<string> _done = [];

    [Fact]
    public async Task What_is_asked_for_on_the_loop_is_done_at_once_up_to_a_round_s_share()
    {
        await OnLoopAsync(() =>
        {
            Ask("a", TurnQueue.PerRound + 3);
            Assert.Equal(TurnQueue.PerRound, _done.Count);
        });
        await UntilDoneAsync(TurnQueue.PerRound + 3);
    }

    [Fact]
    public async Task A_peer_that_asks_for_little_is_served_among_the_first_beside_one_that_asks_for_much()
    {
        await OnLoopAsync(() =>
        {
            Ask("much", 1_000);
            Ask("little", 1);
        });
        await UntilDoneAsync(1_001);

        Assert.InRange(_done.IndexOf("little"), TurnQueue.PerRound, TurnQueue.PerRound + 2);
    }

    [Fact]
    public async Task Of_a_peer_no_more_waits_than_is_said_and_others_may_wait_all_the_same()
    {
        await OnLoopAsync(() =>
        {
            // This many are done at once, and two wait.
            for (var i = 0; i < TurnQueue.PerRound + 2; i++)
                Assert.True(_loop.Turns.Add("a", () => _done.Add("a"), most: 2));
            Assert.False(_loop.Turns.Add("a", () => _done.Add("a"), most: 2));
            Assert.True(_loop.Turns.Add("b", () => _done.Add("b"), most: 2));
        });
        await UntilDoneAsync(TurnQueue.PerRound + 3);
    }

    [Fact]
    public async Task What_is_new_has_its_turn_after_each_round_s_share()
    {
        var rounds = new List<int>();
        void Look()
        {
            rounds.Add(_done.Count);
            if (_done.Count < 100)
                _loop.Post(Look);
        }

        await OnLoopAsync(() =>
        {
            Ask("a", 100);
            _loop.Post(Look);
        });
        await UntilDoneAsync(100);
        await OnLoopAsync(() => { });

        Assert.All(rounds.Zip(rounds.Skip(1)), static pair => Assert.InRange(pair.Second - pair.First, 0, TurnQueue.PerRound));
    }

    [Fact]
    public async Task Other_threads_may_ask_and_it_is_done_on_the_loop_s()
    {
        for (var i = 0; i < 100; i++)
        {
            _loop.Turns.Add("a", () =>
            {
                Assert.True(_loop.IsCurrent);
                _done.Add("a");
            });
        }

        await UntilDoneAsync(100);
    }

    private void Ask(string peer, int times)
    {
        for (var i = 0; i < times; i++)
            _loop.Turns.Add(peer, () => _done.Add(peer));
    }

    private async Task UntilDoneAsync(int count)
    {
        var done = 0;
        while (done < count)
            await OnLoopAsync(() => done = _done.Count);
        Assert.Equal(count, done);
    }

    private async Task OnLoopAsync(Action action)
    {
        var ran = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(() =>
        {
            try
            {
                action();
                ran.SetResult();
            }
            catch (Exception e)
            {
                ran.SetException(e);
            }
        });
        await ran.Task.WaitAsync(Hang, TestContext.Current.CancellationToken);
    }
}
