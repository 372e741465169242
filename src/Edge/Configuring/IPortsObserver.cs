using Tunnel.Edge.Ports;

namespace Tunnel.Edge.Configuring;

/// <summary>Is told which ports are bound. Must not block.</summary>
internal interface IPortsObserver
{
    /// <summary>Called when a configuration was applied, or when what is bound has changed since.</summary>
    /// <param name="revision">The configuration's revision.</param>
    /// <param name="ports">What is bound now.</param>
    /// <param name="initial">Whether it is the tunnel's first configuration.</param>
    void OnPortsApplied(long revision, PortState ports, bool initial);
}
