using Tunnel.Shared.Text;

namespace Tunnel.Shared.UnitTests.Text;

public sealed class TimeTextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("90s", 90)]
    [InlineData("30m", 1800)]
    [InlineData("24h", 86_400)]
    [InlineData("7d", 604_800)]
    public void A_number_and_its_unit_is_a_time(string text, int seconds)
    {
        Assert.True(TimeText.TryParse(text, out var time, out var error));
        Assert.Equal((seconds, null), ((int)time.TotalSeconds, error));
    }

    [Theory]
    [InlineData("5", "has no unit; did you mean 5s, 5m or 5h?")]
    [InlineData("", "is not a time; valid are 0, 90s, 30m, 24h, 7d")]
    [InlineData("s", "is not a time; valid are 0, 90s, 30m, 24h, 7d")]
    [InlineData("-5s", "is not a time; valid are 0, 90s, 30m, 24h, 7d")]
    [InlineData("1.5h", "is not a time; valid are 0, 90s, 30m, 24h, 7d")]
    [InlineData("soon", "is not a time; valid are 0, 90s, 30m, 24h, 7d")]
    public void Anything_else_is_told_what_would_be(string text, string expected)
    {
        Assert.False(TimeText.TryParse(text, out _, out var error));
        Assert.Equal(expected, error);
    }

    [Theory]
    [InlineData("30", 30)]
    [InlineData("2.5", 2.5)]
    [InlineData("30s", 30)]
    [InlineData("5m", 300)]
    public void A_setting_in_seconds_may_be_a_plain_number(string text, double seconds)
    {
        Assert.True(TimeText.TryParseSeconds(text, out var time));
        Assert.Equal(seconds, time.TotalSeconds);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("1.5m")]
    [InlineData("")]
    [InlineData("NaN")]
    [InlineData("99999999999999999999")]
    public void Nor_may_it_be_anything_else(string text) => Assert.False(TimeText.TryParseSeconds(text, out _));

    [Theory]
    [InlineData(0, "0 s")]
    [InlineData(119, "119 s")]
    [InlineData(120, "2 min")]
    [InlineData(7199, "119 min")]
    [InlineData(7200, "2 h")]
    [InlineData(172_800, "2 d")]
    public void Times_are_written_in_the_unit_that_fits(int seconds, string expected) =>
        Assert.Equal(expected, TimeText.Format(TimeSpan.FromSeconds(seconds)));
}
