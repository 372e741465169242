using Tunnel.Edge.Ports;

namespace Tunnel.Edge.Configuring;

/// <summary>Is told of what is bound. Must not block.</summary>
internal interface IPortsObserver
{
    /// <summary>A configuration was applied, or what is bound has changed since.</summary>
    /// <param name="revision">The configuration's revision.</param>
    /// <param name="ports">What is bound now.</param>
    /// <param name="initial">Whether it is the tunnel's first configuration.</param>
    void OnPortsApplied(long revision, PortState ports, bool initial);
}
