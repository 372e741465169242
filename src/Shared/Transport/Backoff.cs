namespace Tunnel.Edge.Connecting;

/// <summary>
/// Exponential backoff with full jitter: each wait is random between 0 and a ceiling that doubles from 0.5 s to 30 s. Full jitter
/// spreads a thousand edges that lost the same hub at the same moment best.
/// </summary>
/// <param name="random">Gives numbers from 0 (inclusive) to 1 (exclusive).</param>
internal sealed class Backoff(Func<double> random)
{
    public static readonly TimeSpan FirstCeiling = TimeSpan.FromSeconds(0.5);
    public static readonly TimeSpan LastCeiling = TimeSpan.FromSeconds(30);

    /// <summary>A tunnel that lived this long was healthy: the next loss starts from the first ceiling again.</summary>
    public static readonly TimeSpan HealthyAfter = TimeSpan.FromSeconds(60);

    /// <summary>The upper limit of the next wait.</summary>
    public TimeSpan Ceiling { get; private set; } = FirstCeiling;

    /// <summary>How long to wait before the next try.</summary>
    public TimeSpan Next()
    {
        TimeSpan delay = Ceiling * random();
        Ceiling = TimeSpan.FromTicks(Math.Min(Ceiling.Ticks * 2, LastCeiling.Ticks));
        return delay;
    }

    /// <summary>A tunnel ended after <paramref name="lifetime"/>.</summary>
    public void OnTunnelEnded(TimeSpan lifetime)
    {
        if (lifetime >= HealthyAfter)
            Ceiling = FirstCeiling;
    }
}
