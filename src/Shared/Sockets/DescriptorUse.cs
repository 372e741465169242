namespace Tunnel.Shared.Sockets;

/// <summary>
/// What a descriptor is for. When descriptors run short, the uses are refused in this order, and none takes what is kept for those after
/// it.
/// </summary>
public enum DescriptorUse
{
    /// <summary>A client's socket at the edge, an upstream's at the hub, and the edge's ports.</summary>
    Client,

    /// <summary>
    /// A connection that has not identified itself yet: at the hub's tunnel port, where an edge awaits its hub, and where the admin API is
    /// served over the network.
    /// </summary>
    Stranger,

    /// <summary>
    /// A stranger beyond the limit, for which the oldest stranger is closed. Until that one is closed, both hold a descriptor.
    /// </summary>
    Newcomer,

    /// <summary>A connection of the admin socket.</summary>
    Admin,
}
