using Microsoft.Extensions.Logging;
using Tunnel.Shared.Hosting.Logging;

namespace Tunnel.Shared.UnitTests.Hosting.Logging;

/// <summary>What is written of an entry, by options that change meanwhile.</summary>
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
}
