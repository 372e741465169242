using Tunnel.Shared.Hosting.Logging;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Hosting.Logging;

public sealed class LogThrottleTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void One_line_an_interval_passes()
    {
        var throttle = new LogThrottle(_time, TimeSpan.FromMinutes(1));
        Assert.True(throttle.TryEnter());
        Assert.False(throttle.TryEnter());
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(throttle.TryEnter());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(throttle.TryEnter());
        Assert.False(throttle.TryEnter());
    }

    [Fact]
    public void One_line_an_interval_passes_for_each_key_and_the_others_are_counted()
    {
        var throttle = new KeyedLogThrottle<string>(_time, TimeSpan.FromSeconds(1));
        Assert.True(throttle.TryEnter("a", out var suppressed));
        Assert.True(throttle.TryEnter("b", out _));
        Assert.Equal(0, suppressed);
        for (var i = 0; i < 5; i++)
            Assert.False(throttle.TryEnter("a", out _));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(throttle.TryEnter("a", out suppressed));
        Assert.Equal(5, suppressed);
        Assert.True(throttle.TryEnter("b", out suppressed));
        Assert.Equal(0, suppressed);
    }
}
