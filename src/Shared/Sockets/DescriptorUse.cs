namespace Tunnel.Shared.Sockets;

/// <summary>
/// What a descriptor is for. When they run short the first of these goes without first, and none takes what is kept for those after it.
/// </summary>
public enum DescriptorUse
{
    /// <summary>A client's socket at the edge, an upstream's at the hub, and the edge's ports.</summary>
    Client,

    /// <summary>
    /// A connection that has not said yet who it is: at the hub's tunnel port, and where the admin API is served over the network.
    /// </summary>
    Stranger,

    /// <summary>A stranger beyond that, for whom the oldest gives way: until that one is closed there are two of them.</summary>
    Newcomer,

    /// <summary>A connection of the admin socket.</summary>
    Admin,
}
