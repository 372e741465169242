using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Hosting.Logging;

namespace Tunnel.Shared.UnitTests.Hosting.Logging;

/// <summary>An entry is written as the options say, which change meanwhile.</summary>
public sealed class ServiceLogTests
{
    [Fact]
    public void The_level_changes_at_once()
    {
        using var log = new ServiceLog(new LogOptions(LogLevel.Warning), journal: false);
        var logger = log.Factory.CreateLogger("Tunnel.Test");
        var framework = log.Factory.CreateLogger("Microsoft.AspNetCore");
        Assert.False(logger.IsEnabled(LogLevel.Information));
        log.Options = new LogOptions(LogLevel.Debug);
        Assert.True(logger.IsEnabled(LogLevel.Debug));
        Assert.False(framework.IsEnabled(LogLevel.Information));
        log.Options = new LogOptions(LogLevel.None);
        Assert.False(logger.IsEnabled(LogLevel.Critical));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_a_peer_says_does_not_steer_the_terminal_that_shows_the_log(bool journal)
    {
        using var log = new ServiceLog(new LogOptions(LogLevel.Information), journal);
        using var services = new ServiceCollection().AddLogging(logging => logging.AddConsole()).BuildServiceProvider();
        using var output = new StringWriter();
        new ServiceLogFormatter(services, log, journal).Write(
            new LogEntry<string>(LogLevel.Information, "Tunnel.Test", 1, "the hub says \u001b[2J\u009b0m\u202e", null, (state, _) => state),
            null, output);

        Assert.Contains(@"the hub says \u001b[2J\u009b0m\u202e", output.ToString(), StringComparison.Ordinal);
    }
}
