using Tunnel.Edge.Listening;
using Tunnel.TestUtilities;

namespace Edge.UnitTests.Listening;

public sealed class LogThrottleTests
{
    [Fact]
    public void One_message_a_minute_passes()
    {
        var time = new ManualTimeProvider();
        var throttle = new LogThrottle(time);
        Assert.True(throttle.TryEnter());
        Assert.False(throttle.TryEnter());
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(throttle.TryEnter());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(throttle.TryEnter());
        Assert.False(throttle.TryEnter());
    }
}
