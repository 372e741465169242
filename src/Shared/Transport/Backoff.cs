namespace Tunnel.Shared.Transport;

/// <summary>
/// Exponential backoff with jitter: each wait is a random share of a ceiling that doubles. A share from 0 to 1 (full jitter) best spreads a
/// thousand edges that lost the same hub at the same moment.
/// </summary>
/// <param name="random">Gives the share, from 0 (inclusive) to 1 (exclusive).</param>
/// <param name="first">The first ceiling.</param>
/// <param name="last">The highest ceiling.</param>
public sealed class Backoff(Func<double> random, TimeSpan first, TimeSpan last)
{
    /// <summary>The first ceiling of a tunnel.</summary>
    public static readonly TimeSpan FirstCeiling = TimeSpan.FromSeconds(0.5);

    /// <summary>The last ceiling of a tunnel.</summary>
    public static readonly TimeSpan LastCeiling = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A tunnel that ends within this time is short-lived. A peer that accepts and drops connections again and again must not be hammered.
    /// </summary>
    public static readonly TimeSpan ShortLived = TimeSpan.FromSeconds(2);

    private readonly TimeSpan _first = first;
    private bool _lastWasShort;

    /// <summary>Creates the backoff of a tunnel, with its first and last ceiling.</summary>
    /// <param name="random">Gives the share, from 0 (inclusive) to 1 (exclusive).</param>
    public Backoff(Func<double> random)
        : this(random, FirstCeiling, LastCeiling)
    {
    }

    /// <summary>The upper limit of the next wait.</summary>
    public TimeSpan Ceiling { get; private set; } = first;

    /// <summary>Returns how long to wait before the next try, and doubles the ceiling up to the last one.</summary>
    /// <param name="atLeast">The ceiling when the present one is lower.</param>
    /// <param name="atMost">The ceiling of this wait when the present one is higher; null when it is not limited.</param>
    public TimeSpan Next(TimeSpan atLeast = default, TimeSpan? atMost = null)
    {
        var ceiling = Math.Max(Ceiling.Ticks, atLeast.Ticks);
        Ceiling = TimeSpan.FromTicks(Math.Min(ceiling * 2, last.Ticks));
        return TimeSpan.FromTicks(Math.Min(ceiling, atMost?.Ticks ?? ceiling)) * random();
    }

    /// <summary>
    /// Notes the end of an authenticated connection. The peer is there, so the next wait starts from the first ceiling again, unless this
    /// one and the one before were <see cref="ShortLived"/>.
    /// </summary>
    /// <param name="lifetime">How long the tunnel lived after its handshake.</param>
    public void OnTunnelEnded(TimeSpan lifetime)
    {
        var isShort = lifetime < ShortLived;
        if (!isShort || !_lastWasShort)
            Ceiling = _first;
        _lastWasShort = isShort;
    }
}
