namespace Tunnel.Bench.Load.Hostile;

/// <summary>A row of the table: a flood, and the pace that it can have at most.</summary>
/// <param name="Name">The flood's name in the table and for <see cref="FloodProgram"/>.</param>
/// <param name="MaxRate">The most times a second: beyond it the flood would be another one, or nobody could keep the pace.</param>
/// <param name="IsOfFrames">Whether there is a row over TLS only: QUIC has no such frame, or msquic sends it by itself.</param>
internal sealed record HostileFlood(string Name, double MaxRate = double.PositiveInfinity, bool IsOfFrames = false)
{
    /// <summary>The row in which the hub dials the edge, and strangers come to the port there.</summary>
    public const string Strangers = "strangers at the dial port";

    /// <summary>All floods, in the table's order.</summary>
    public static HostileFlood[] All { get; } =
    [
        new("OPEN+CLOSE"),
        new("OPEN+RESET"),
        new("UDP_OPEN"),
        new("connect+RST"),
        new("stalled readers", MaxRate: 1_000),
        new("wrong secrets", MaxRate: 200),
        // Two thousand strangers come at once and are there all the time: each stays for ten seconds, as long as an edge bears with it.
        new(Strangers, MaxRate: 200, IsOfFrames: true) { Lead = TimeSpan.FromSeconds(5) },
        new("REPORT"),
        new("configurations", MaxRate: 100),
        new("answers unread", IsOfFrames: true),
        new("empty DATA", IsOfFrames: true),
        new("PONG", IsOfFrames: true),
        new("WINDOW_UPDATE", IsOfFrames: true),
        new("KeyUpdate", IsOfFrames: true),
        new("hub: CONFIG", IsOfFrames: true),
        new("hub: OPEN", IsOfFrames: true),
        new("hub: UDP_OPEN", IsOfFrames: true),
        new("hub: datagrams", IsOfFrames: true),
    ];

    /// <summary>How long the flood goes on before it is measured beside.</summary>
    public TimeSpan Lead { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Whether the hub is the hostile one. Its edge has no other hub, and the edge's memory is looked at; it has no other port that could
    /// be measured.
    /// </summary>
    public static bool IsOfHub(string name) => name.StartsWith("hub: ", StringComparison.Ordinal);

    /// <summary>Returns how many times a second the flood is done when so many are asked for.</summary>
    public double RateOf(double asked) => Math.Min(asked, MaxRate);
}
