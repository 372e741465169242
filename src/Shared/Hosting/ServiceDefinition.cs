namespace Tunnel.Shared.Hosting;

/// <summary>A service as its runner sees it.</summary>
public sealed record ServiceDefinition
{
    /// <summary>The program's name, for logs.</summary>
    public required string Name { get; init; }

    /// <summary>Starts the service; cancelled when a signal comes before it is done.</summary>
    public required Func<CancellationToken, Task> StartAsync { get; init; }

    /// <summary>Stops it: no new work, what is open may end within the given time, then it is cut.</summary>
    public required Func<TimeSpan, Task> StopAsync { get; init; }

    /// <summary>How long streams may go on after a stop was asked for.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>One line on how the service is, for <c>systemctl status</c>.</summary>
    public Func<string> Status { get; init; } = () => "running";

    /// <summary>
    /// Finds what of the service stands still, in words for the log; null proves that its loops turn. With a fault, an exception or no
    /// answer within the watchdog's interval the watchdog is not fed.
    /// </summary>
    public Func<CancellationToken, Task<string?>> FindFaultAsync { get; init; } = _ => Task.FromResult<string?>(null);

    /// <summary>Completes, or faults, when the service ends by itself: null when it never does.</summary>
    public Task? Completion { get; init; }
}
