namespace Tunnel.Edge.Configuration;

/// <summary>Limits what a hub may do to the packet filter of the edge's machine. No hub can lift this limit.</summary>
public enum FirewallMode
{
    /// <summary>Everything that <c>firewallConfig</c> can say. Protected ports stay open whatever it says.</summary>
    Full,

    /// <summary>Only the blocking of sources; rate limits and rules are left out.</summary>
    BlockOnly,

    /// <summary>Nothing.</summary>
    Off,
}
