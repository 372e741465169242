namespace Tunnel.Bench.Load.Hostile;

/// <summary>A row: a flood, and how fast it is at most.</summary>
/// <param name="Name">What it is called in the table, and by <see cref="FloodProgram"/>.</param>
/// <param name="MaxRate">Times a second beyond which it is another thing.</param>
internal sealed record HostileFlood(string Name, double MaxRate = double.PositiveInfinity)
{
    /// <summary>All of them, in the table's order.</summary>
    public static HostileFlood[] All { get; } =
    [
        new("OPEN+CLOSE"),
        new("OPEN+RESET"),
        new("UDP_OPEN"),
        new("connect+RST"),
    ];

    /// <summary>How often a second, when so many are asked for.</summary>
    public double RateOf(double asked) => Math.Min(asked, MaxRate);
}
