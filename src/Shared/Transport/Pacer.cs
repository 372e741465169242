namespace Tunnel.Shared.Transport;

/// <summary>Something that waits for its next share of bytes.</summary>
internal interface IPaced
{
    /// <summary>Some time has passed, so bytes may be available. Must not block.</summary>
    void OnPace();
}

/// <summary>One timer for all connections of a process that wait for their rate limit.</summary>
internal sealed class Pacer(TimeProvider time)
{
    /// <summary>The interval at which waiting connections are called.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(20);

    private readonly Rounds<IPaced> _rounds = new(time, Period, "pacing", static item =>
    {
        item.OnPace();
        return false;
    });

    /// <summary>Schedules one call of <see cref="IPaced.OnPace"/>.</summary>
    public void Add(IPaced item) => _rounds.Add(item);
}
