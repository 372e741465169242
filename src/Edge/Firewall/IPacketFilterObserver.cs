using Tunnel.Edge.Status;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Firewall;

/// <summary>Is told of the packet filter. Must not block.</summary>
internal interface IPacketFilterObserver
{
    /// <summary>What became of a configuration's firewall.</summary>
    void OnFirewallChanged(long revision, FirewallStatus status);

    /// <summary>Somebody else has changed what was in force.</summary>
    void OnFirewallDrifted(FirewallDrift drift);
}
