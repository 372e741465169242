namespace Tunnel.Shared.Transport;

/// <summary>How many connections (lanes) one tunnel over TLS may have.</summary>
public sealed record LaneOptions
{
    /// <summary>The most lanes that the protocol allows.</summary>
    public const int Limit = 8;

    /// <summary>One connection; the extension is not announced.</summary>
    public static LaneOptions None { get; } = new();

    /// <summary>
    /// The most lanes of a tunnel, 1 to <see cref="Limit"/>. The edge opens those beyond the first when there is use for them.
    /// </summary>
    public int Max { get; init; } = 1;

    /// <summary>
    /// Edge: the number of lanes that are kept whether there is use for them or not. The product keeps one; tests raise it to have lanes
    /// open without bulk.
    /// </summary>
    internal int Kept { get; init; } = 1;

    /// <summary>Edge: after this long without bulk, the lanes beyond those that are kept are closed as they become empty.</summary>
    public TimeSpan QuietTime { get; init; } = TimeSpan.FromMinutes(5);
}
