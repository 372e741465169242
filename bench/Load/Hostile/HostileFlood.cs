namespace Tunnel.Bench.Load.Hostile;

/// <summary>A row: a flood, and how fast it is at most.</summary>
/// <param name="Name">What it is called in the table, and by <see cref="FloodProgram"/>.</param>
/// <param name="MaxRate">Times a second beyond which it is another thing, or that nobody can do.</param>
/// <param name="IsOfFrames">It is there over TLS only: QUIC has no such frame, or msquic sends it by itself.</param>
internal sealed record HostileFlood(string Name, double MaxRate = double.PositiveInfinity, bool IsOfFrames = false)
{
    /// <summary>The row in which the hub dials the edge, and strangers come to the port there.</summary>
    public const string Strangers = "strangers at the dial port";

    /// <summary>All of them, in the table's order.</summary>
    public static HostileFlood[] All { get; } =
    [
        new("OPEN+CLOSE"),
        new("OPEN+RESET"),
        new("UDP_OPEN"),
        new("connect+RST"),
        new("stalled readers", MaxRate: 1_000),
        new("wrong secrets", MaxRate: 200),
        // There are 2,000 of them at a time: each stays for ten seconds, as long as an edge bears with it.
        new(Strangers, MaxRate: 200, IsOfFrames: true),
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

    /// <summary>
    /// It is the hub that is hostile, to an edge that has no other and whose memory is looked at; there is no other port of it to be
    /// measured.
    /// </summary>
    public static bool IsOfHub(string name) => name.StartsWith("hub: ", StringComparison.Ordinal);

    /// <summary>How often a second, when so many are asked for.</summary>
    public double RateOf(double asked) => Math.Min(asked, MaxRate);
}
