namespace Tunnel.Hub.Status;

/// <summary>How well an edge, a port or the hub is; what needs an operator most comes first.</summary>
public enum Health
{
    /// <summary>Something does not work.</summary>
    Bad,

    /// <summary>It works in part, or will not for long, or has never worked yet.</summary>
    Warn,

    /// <summary>All is well.</summary>
    Good,

    /// <summary>It is switched off.</summary>
    Off,
}
