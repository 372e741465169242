namespace Tunnel.Edge.Configuration;

/// <summary>What a hub may do to the packet filter of the edge's machine; no hub can lift it.</summary>
public enum FirewallMode
{
    /// <summary>Everything that <c>firewallConfig</c> can say; protected ports stay open whatever it says.</summary>
    Full,

    /// <summary>Only block sources; rate limits and rules are left out.</summary>
    BlockOnly,

    /// <summary>Nothing.</summary>
    Off,
}
