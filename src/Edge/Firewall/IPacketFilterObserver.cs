using Tunnel.Edge.Status;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Firewall;

/// <summary>Is told about the packet filter. Must not block.</summary>
internal interface IPacketFilterObserver
{
    /// <summary>Called with what became of a configuration's firewall.</summary>
    void OnFirewallChanged(long revision, FirewallStatus status);

    /// <summary>Called when somebody else has changed what was in force.</summary>
    void OnFirewallDrifted(FirewallDrift drift);
}
