namespace Tunnel.Shared.Hosting;

/// <summary>Tells the runner what it needs to know about a service.</summary>
public sealed record ServiceDefinition
{
    /// <summary>The program's name, for logs.</summary>
    public required string Name { get; init; }

    /// <summary>Starts the service; it is cancelled when a signal comes before the start is done.</summary>
    public required Func<CancellationToken, Task> StartAsync { get; init; }

    /// <summary>Stops the service: it accepts no new work, and what is open is cut when the given time has passed.</summary>
    public required Func<TimeSpan, Task> StopAsync { get; init; }

    /// <summary>
    /// Ends the service once another process has replaced it: it accepts no new work and leaves its sockets to the other one, and what is
    /// open is cut when the given time has passed.
    /// </summary>
    public Func<TimeSpan, Task> LeaveAsync { get; init; } = _ => Task.CompletedTask;

    /// <summary>How long streams may go on after a stop was requested.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Describes the service's state in one line, for <c>systemctl status</c>.</summary>
    public Func<string> Status { get; init; } = () => "running";

    /// <summary>
    /// Finds which part of the service stands still, in words for the log; null means that its loops turn. The watchdog is not fed after a
    /// fault, an exception, or no answer within the watchdog's interval.
    /// </summary>
    public Func<CancellationToken, Task<string?>> FindFaultAsync { get; init; } = _ => Task.FromResult<string?>(null);

    /// <summary>
    /// Gives up memory that the service keeps for the next use. Called when the process is calm after its start or a burst; what is in use
    /// stays.
    /// </summary>
    public Action ReleaseMemory { get; init; } = static () => { };

    /// <summary>A task that completes or faults when the service ends by itself; null when it never does.</summary>
    public Task? Completion { get; init; }
}
