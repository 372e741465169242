namespace Tunnel.Edge.Tcp;

/// <summary>How many new clients may wait while no tunnel takes any, and how long each of them.</summary>
internal readonly record struct HoldLimits(int MostClients, TimeSpan Time)
{
    /// <summary>Without a tunnel, clients are refused at once.</summary>
    public static readonly HoldLimits None = default;
}
