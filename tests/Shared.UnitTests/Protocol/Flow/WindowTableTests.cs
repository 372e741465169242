using Tunnel.Shared.Protocol.Flow;
using Tunnel.Shared.Transport;

namespace Tunnel.Shared.UnitTests.Protocol.Flow;

public class WindowTableTests
{
    [Theory]
    [InlineData(0, 4_194_304)]
    [InlineData(1, 4_194_304)]
    [InlineData(50, 4_194_304)]
    [InlineData(51, 4_112_062)]
    [InlineData(100, 2_097_152)]
    [InlineData(199, 1_053_845)]
    [InlineData(200, 1_048_576)]
    [InlineData(201, 1_048_576)]
    [InlineData(1_000_000, 1_048_576)]
    public void The_window_follows_the_number_of_active_streams(int active, int expected)
    {
        var options = new FlowControlOptions();
        Assert.Equal(expected, WindowTable.Target(active, options.SharedWindow, options.MinWindow, options.MaxWindow));
    }

    [Fact]
    public void Between_51_and_200_it_is_the_shared_window_divided()
    {
        for (var active = 51; active <= 200; active++)
            Assert.Equal(209_715_200 / active, WindowTable.Target(active, 209_715_200, 1_048_576, 4_194_304));
    }

    [Fact]
    public void The_defaults_are_those_of_the_protocol()
    {
        var options = new FlowControlOptions();
        Assert.Equal(4_194_304, options.MaxWindow);
        Assert.Equal(1_048_576, options.MinWindow);
        Assert.Equal(209_715_200, options.SharedWindow);
        Assert.Equal(209_715_200, options.MemoryBudget);
    }

    [Theory]
    [InlineData(1_000_000, 10, 1_048_576)] // With 12.5 KB on the way the floor holds.
    [InlineData(12_500_000, 100, 3_750_000)] // This is three times 1.25 MB.
    [InlineData(125_000_000, 300, 4_194_304)] // This path could use more than the table allows.
    [InlineData(0, 0, 1_048_576)]
    public void A_sustained_stream_has_what_its_path_holds_three_times(double bytesPerSecond, int milliseconds, int expected) =>
        Assert.Equal(expected, WindowTable.Sustained(4_194_304, 1_048_576, bytesPerSecond, TimeSpan.FromMilliseconds(milliseconds)));

    [Fact]
    public void A_sustained_stream_never_has_more_than_the_table_gives() =>
        Assert.Equal(500_000, WindowTable.Sustained(500_000, 1_048_576, 1e9, TimeSpan.FromSeconds(1)));
}
