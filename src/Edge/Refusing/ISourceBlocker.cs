using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Edge.Refusing;

/// <summary>Keeps sources out at all ports, whether or not the packet filter does.</summary>
internal interface ISourceBlocker
{
    /// <summary>
    /// Sets all the sources that are blocked from now on: new connections from them are refused, and open ones are ended.
    /// </summary>
    /// <returns>How many open connections were ended.</returns>
    int Block(AddressSet sources);
}
