namespace Tunnel.Shared.Transport;

/// <summary>Something that has to check a time limit now and then.</summary>
internal interface ISweepable
{
    /// <summary>Called every <see cref="Sweeper.Period"/>; must not block.</summary>
    /// <returns>False when no further calls are needed.</returns>
    bool Sweep();
}

/// <summary>
/// One timer for all rare waits of a process: resets that wait for blocked data, and streams that get a last chance to drain.
/// </summary>
internal sealed class Sweeper(TimeProvider time)
{
    /// <summary>The interval of the calls: half of the second within which a reset must be passed on.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    private readonly Rounds<ISweepable> _rounds = new(time, Period, "sweeping", static item => item.Sweep());

    public void Add(ISweepable item) => _rounds.Add(item);
}
