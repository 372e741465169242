using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Forwarding.Adapting;

/// <summary>
/// How many new connections a second a port admits: less by a fifth while 95 of 100 connections take longer than they should, and more by
/// a tenth while they take less than 70 % of that. Pure: it knows no clock.
/// </summary>
internal sealed class AdmittedRate(AdaptiveDefinition settings)
{
    private const double Less = 0.8;
    private const double More = 1.1;
    private const double Calm = 0.7;

    private double _rate = settings.Most;
    private bool _hasJustReduced;

    /// <summary>New connections a second.</summary>
    public int PerSecond => Math.Max(1, (int)Math.Round(_rate));

    /// <summary>Takes over the rate from before the settings were changed, as far as they allow.</summary>
    public void Continue(AdmittedRate before) => _rate = Math.Clamp(before._rate, settings.Least, settings.Most);

    /// <summary>Decides anew.</summary>
    /// <param name="p95">The milliseconds that 95 of 100 connections did not exceed; null: there was none.</param>
    public void Evaluate(double? p95)
    {
        // What a reduction does shows only later, so a second one never follows at once.
        var reduces = p95 > settings.Threshold && !_hasJustReduced;
        _hasJustReduced = reduces;
        if (reduces)
            _rate = Math.Max(settings.Least, _rate * Less);
        else if (p95 is null || p95 < settings.Threshold * Calm)
            _rate = Math.Min(settings.Most, _rate * More);
    }
}
