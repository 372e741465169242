namespace Tunnel.Shared.Hosting;

/// <summary>Tells the manager of the service's process how the service is.</summary>
public interface IServiceNotifier
{
    /// <summary>How often <see cref="Watchdog"/> is expected, or null when there is no watchdog.</summary>
    TimeSpan? WatchdogInterval { get; }

    /// <summary>Reports that the start is complete.</summary>
    void Ready(string status);

    /// <summary>Reports the state in one line.</summary>
    void Status(string status);

    /// <summary>Reports that the stop has begun.</summary>
    void Stopping(string status);

    /// <summary>Reports which process is the service's main one from now on.</summary>
    void MainProcess(int id);

    /// <summary>Reports that the service is alive.</summary>
    void Watchdog();
}
