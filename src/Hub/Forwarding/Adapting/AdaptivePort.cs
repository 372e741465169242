using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Traffic;

namespace Tunnel.Hub.Forwarding.Adapting;

/// <summary>A port that admits clients by how fast its targets are.</summary>
internal sealed class AdaptivePort(AdaptiveDefinition settings, LatencyWindow window, TimeProvider time)
{
    private readonly AdmittedRate _rate = new(settings);
    private long _evaluated = time.GetTimestamp();

    public AdaptiveDefinition Settings => settings;

    public LatencyWindow Window => window;

    /// <summary>New connections a second that are admitted.</summary>
    public int PerSecond => _rate.PerSecond;

    /// <summary>Returns the port with other settings, which begin with the rate and the latencies of these.</summary>
    public AdaptivePort With(AdaptiveDefinition others)
    {
        var next = new AdaptivePort(others, window, time);
        next._rate.Continue(_rate);
        return next;
    }

    /// <summary>Decides anew when it is time; one caller at a time.</summary>
    /// <returns>What is in force then; null while it is not yet time.</returns>
    public AdmissionStatus? TryEvaluate()
    {
        // The timer that asks is as long as the shortest interval, and may be a little early.
        if (time.GetElapsedTime(_evaluated) < settings.Interval - (AdaptivePorts.Tick / 2))
            return null;
        _evaluated = time.GetTimestamp();
        var p95 = window.P95();
        _rate.Evaluate(p95);
        return Describe(p95);
    }

    public AdmissionStatus Describe(double? p95) => new()
    {
        Rate = PerSecond,
        MaxRate = settings.Most,
        LatencyP95Ms = p95 is { } value ? Math.Round(value, 1) : null,
        LatencyThresholdMs = settings.Threshold,
    };
}
