using Microsoft.Extensions.Logging;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Events;
using Tunnel.Edge.Status;
using Tunnel.Shared.Hosting;

namespace Tunnel.Edge;

/// <summary>
/// Notices that the last run of this edge was cut off, and notes whether what it left behind could be cleaned up. Only one caller at a time
/// may change it; any thread may read it.
/// </summary>
internal sealed class CrashRecovery(TunnelEdgeOptions options, ICrashObserver observer, TimeProvider time, ILogger logger)
{
    private readonly RunMarker? _marker = options.StateDirectory is { } directory ? new RunMarker(directory, MarkerOf(options)) : null;
    private bool _wasCutOff;
    private DateTimeOffset? _previousStart;

    /// <summary>How the last run was cut off; null when it ended in order or this is not known.</summary>
    public EdgeCrash? Crash { get; private set; }

    /// <summary>Returns the marker's file name, which differs between edges because several may share a state directory.</summary>
    public static string MarkerOf(TunnelEdgeOptions options) => $"{RunMarker.FileName}-{EdgeIdentity.Of(options)}";

    /// <summary>
    /// Marks the begin of this run. A state directory that can't be written does not keep the edge from starting.
    /// </summary>
    /// <param name="replaces">Whether the last run still goes on and is being replaced.</param>
    public void Begin(bool replaces)
    {
        try
        {
            _wasCutOff = _marker?.Set(time.GetUtcNow(), out _previousStart) == true && !replaces;
        }
        catch (OperatorException e)
        {
            EdgeLog.RunNotMarked(logger, e.Message);
        }
    }

    /// <summary>Notes the result of cleaning up what the last run left behind, and reports it when that run was cut off.</summary>
    /// <param name="error">What could not be cleaned up; null when nothing is left.</param>
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

    /// <summary>Notes that this run ends in order.</summary>
    public void End() => _marker?.Clear();
}
