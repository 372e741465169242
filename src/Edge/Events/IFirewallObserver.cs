namespace Tunnel.Edge.Events;

/// <summary>Is told of firewall configurations. May be called from any thread; does not block.</summary>
internal interface IFirewallObserver
{
    /// <summary>A configuration was dealt with.</summary>
    /// <param name="revision">Revision of the hub's configuration that it came with.</param>
    /// <param name="error">Null when it is in place, else why the one before is.</param>
    void OnFirewallConfigUpdated(long revision, string? error);
}
