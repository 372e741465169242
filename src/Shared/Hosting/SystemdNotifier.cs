using System.Globalization;
using Microsoft.Extensions.Hosting.Systemd;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// Tells systemd how the service is (sd_notify(3)). Does nothing where systemd has not started the service. It never throws, since a
/// service must not fail because its manager does not listen.
/// </summary>
public sealed class SystemdNotifier : IServiceNotifier
{
    private readonly ISystemdNotifier _systemd;

    /// <summary>Creates a notifier from the process's environment.</summary>
    public SystemdNotifier()
        : this(new Microsoft.Extensions.Hosting.Systemd.SystemdNotifier(), Environment.GetEnvironmentVariable)
    {
    }

    internal SystemdNotifier(ISystemdNotifier systemd, Func<string, string?> environment)
    {
        _systemd = systemd;
        WatchdogInterval = ReadWatchdogInterval(environment);
    }

    /// <inheritdoc/>
    public TimeSpan? WatchdogInterval { get; }

    /// <inheritdoc/>
    public void Ready(string status) => Send($"READY=1\nSTATUS={OneLine(status)}");

    /// <inheritdoc/>
    public void Status(string status) => Send($"STATUS={OneLine(status)}");

    /// <inheritdoc/>
    public void Stopping(string status) => Send($"STOPPING=1\nSTATUS={OneLine(status)}");

    /// <inheritdoc/>
    public void MainProcess(int id) => Send(string.Create(CultureInfo.InvariantCulture, $"MAINPID={id}"));

    /// <inheritdoc/>
    public void Watchdog() => Send("WATCHDOG=1");

    // Half of the limit, as sd_watchdog_enabled(3) recommends. WATCHDOG_PID names the process that the limit is for, which is not a child
    // that inherited it.
    private static TimeSpan? ReadWatchdogInterval(Func<string, string?> environment)
    {
        var forOther = environment("WATCHDOG_PID") is { Length: > 0 } pid
            && pid != Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return !forOther && long.TryParse(environment("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var limit)
            && limit > 1
            ? TimeSpan.FromMicroseconds(limit / 2.0)
            : null;
    }

    // A line break would start another assignment.
    private static string OneLine(string status) => status.ReplaceLineEndings(" ");

    private void Send(string message)
    {
        try
        {
            if (_systemd.IsEnabled)
                _systemd.Notify(new ServiceState(message));
        }
        catch (Exception)
        {
            // The manager is gone or does not read; the service can do nothing about it.
        }
    }
}
