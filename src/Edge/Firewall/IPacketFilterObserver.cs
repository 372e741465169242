using Tunnel.Edge.Status;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Firewall;

/// <summary>Is told of the packet filter. Must not block.</summary>
internal interface IPacketFilterObserver
{
    /// <summary>What became of a configuration's firewall.</summary>
    void OnFirewallChanged(long revision, FirewallStatus status);

    /// <summary>Somebody else has changed what was in force.</summary>
    void OnFirewallDrifted(FirewallDrift drift);

    /// <summary>All sources that are blocked from now on: their open connections are to end, and new ones not to begin.</summary>
    /// <returns>How many connections there were.</returns>
    int OnBlocked(AddressSet blocked);
}
