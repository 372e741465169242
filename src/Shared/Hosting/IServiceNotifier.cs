namespace Tunnel.Shared.Hosting;

/// <summary>Whoever manages the service's process.</summary>
public interface IServiceNotifier
{
    /// <summary>How often <see cref="Watchdog"/> is expected, or null when nobody waits for it.</summary>
    TimeSpan? WatchdogInterval { get; }

    /// <summary>The start is complete.</summary>
    void Ready(string status);

    /// <summary>One line on how things are.</summary>
    void Status(string status);

    /// <summary>The stop has begun.</summary>
    void Stopping(string status);

    /// <summary>The service is alive.</summary>
    void Watchdog();
}
