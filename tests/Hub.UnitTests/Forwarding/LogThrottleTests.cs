using Tunnel.Hub.Forwarding;
using Tunnel.TestUtilities;

namespace Hub.UnitTests.Forwarding;

public sealed class LogThrottleTests
{
    [Fact]
    public void One_line_a_second_for_each_key_and_the_others_are_counted()
    {
        var time = new ManualTimeProvider();
        var throttle = new LogThrottle<string>(time);
        Assert.True(throttle.ShouldLog("a", out _));
        Assert.True(throttle.ShouldLog("b", out _));
        for (var i = 0; i < 5; i++)
            Assert.False(throttle.ShouldLog("a", out _));
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(throttle.ShouldLog("a", out var suppressed));
        Assert.Equal(5, suppressed);
    }
}
