using Microsoft.Extensions.Logging;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Events;
using Tunnel.Edge.Status;
using Tunnel.Shared.Hosting;

namespace Tunnel.Edge;

/// <summary>
/// Notices that the last run of this edge was cut off, and whether what it left behind could be cleaned up. One caller at a time; anybody
/// reads.
/// </summary>
internal sealed class CrashRecovery(TunnelEdgeOptions options, ICrashObserver observer, TimeProvider time, ILogger logger)
{
    private readonly RunMarker? _marker = options.StateDirectory is { } directory ? new RunMarker(directory, MarkerOf(options)) : null;
    private bool _wasCutOff;
    private DateTimeOffset? _previousStart;

    /// <summary>How the last run ended; null: in order, or it is not known.</summary>
    public EdgeCrash? Crash { get; private set; }

    /// <summary>The marker's name: several edges may share a state directory.</summary>
    public static string MarkerOf(TunnelEdgeOptions options) => $"{RunMarker.FileName}-{EdgeIdentity.Of(options)}";

    /// <summary>This run begins. A state directory that can't be written is no reason not to start.</summary>
    public void Begin()
    {
        try
        {
            _wasCutOff = _marker?.Set(time.GetUtcNow(), out _previousStart) ?? false;
        }
        catch (OperatorException e)
        {
            EdgeLog.RunNotMarked(logger, e.Message);
        }
    }

    /// <summary>What the last run left behind was looked for.</summary>
    /// <param name="error">What could not be cleaned up; null: nothing is left.</param>
    public void Note(string? error)
    {
        if (!_wasCutOff)
            return;
        Crash = new EdgeCrash(_previousStart, error);
        if (error is null)
        {
            EdgeLog.CrashRecovered(logger, _previousStart);
            observer.OnCrashRecovered(new CrashRecoveredEvent(_previousStart));
        }
        else
        {
            EdgeLog.CrashRecoveryFailed(logger, _previousStart, error);
            observer.OnCrashRecoveryFailed(new CrashRecoveryFailedEvent(error, _previousStart));
        }
    }

    /// <summary>This run ends in order.</summary>
    public void End() => _marker?.Clear();
}
