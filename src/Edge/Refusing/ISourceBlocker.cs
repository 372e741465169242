using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Edge.Refusing;

/// <summary>Keeps sources out at all ports, whether or not the packet filter does.</summary>
internal interface ISourceBlocker
{
    /// <summary>
    /// These are all the sources that are blocked from now on: their new connections do not begin, and their open ones end.
    /// </summary>
    /// <returns>How many open ones there were.</returns>
    int Block(AddressSet sources);
}
