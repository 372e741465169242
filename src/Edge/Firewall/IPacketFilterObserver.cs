using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Edge.Firewall;

/// <summary>Is told of the packet filter. Must not block.</summary>
internal interface IPacketFilterObserver
{
    /// <summary>What became of a configuration's firewall.</summary>
    void OnFirewallChanged(long revision, FirewallStatus status);

    /// <summary>All sources that are blocked from now on: their open connections are to end, and new ones not to begin.</summary>
    /// <returns>How many connections there were.</returns>
    int OnBlocked(AddressSet blocked);
}
