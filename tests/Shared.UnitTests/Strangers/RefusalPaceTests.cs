using Tunnel.Shared.Strangers;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Strangers;

public sealed class RefusalPaceTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    [InlineData(249)]
    public async Task A_refusal_comes_at_the_same_time_whatever_was_done_for_it(int worked)
    {
        var time = new ManualTimeProvider();
        var pace = new RefusalPace(time);
        var start = pace.Start();
        time.Advance(TimeSpan.FromMilliseconds(worked));

        var answered = pace.WaitAsync(start, CancellationToken.None);
        time.Advance(RefusalPace.Time - TimeSpan.FromMilliseconds(worked + 1));
        Assert.False(answered.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await answered.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task One_that_took_longer_waits_no_more()
    {
        var time = new ManualTimeProvider();
        var pace = new RefusalPace(time);
        var start = pace.Start();
        time.Advance(RefusalPace.Time);
        await pace.WaitAsync(start, CancellationToken.None);
    }
}
