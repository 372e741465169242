using Tunnel.Shared.Guarding;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.UnitTests.Sockets;

/// <summary>An exception on a loop's thread, where nobody is above, does not end the process, as it used to.</summary>
public sealed class LoopDefectTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    private readonly EventLoop _loop = EventLoop.Start("defects");

    [Fact]
    public async Task An_action_that_throws_ends_neither_the_loop_nor_what_was_posted_behind_it()
    {
        var before = Defects.Count;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(static () => throw new InvalidOperationException("posted"));
        _loop.Post(done.SetResult);

        await done.Task.WaitAsync(Hang, TestContext.Current.CancellationToken);

        Assert.True(Defects.Count > before);
    }

    [Fact]
    public async Task A_dial_that_throws_leaves_the_others_their_turns()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Turns.Add("a", static () => throw new InvalidOperationException("a dial"));
        _loop.Turns.Add("b", done.SetResult);
        await done.Task.WaitAsync(Hang, TestContext.Current.CancellationToken);

        // The loop still gives out turns.
        var later = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Turns.Add("a", later.SetResult);
        await later.Task.WaitAsync(Hang, TestContext.Current.CancellationToken);
    }
}
