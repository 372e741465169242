namespace Tunnel.Shared.Transport;

/// <summary>How many connections (lanes) one tunnel over TLS may have.</summary>
public sealed record LaneOptions
{
    /// <summary>The most that the protocol knows.</summary>
    public const int Limit = 8;

    /// <summary>One connection, and the extension is not announced.</summary>
    public static LaneOptions None { get; } = new();

    /// <summary>
    /// At most so many, 1 to <see cref="Limit"/>. At the edge those beyond the first are opened when there is use for them.
    /// </summary>
    public int Max { get; init; } = 1;

    /// <summary>
    /// Edge: so many are kept whether there is use for them or not. The product keeps one; tests of what lanes do have them open without
    /// bulk by this.
    /// </summary>
    internal int Kept { get; init; } = 1;

    /// <summary>Edge: without bulk for this long the lanes beyond those that are kept are closed as they become empty.</summary>
    public TimeSpan QuietTime { get; init; } = TimeSpan.FromMinutes(5);
}
