using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Edge.Refusing;

/// <summary>
/// Sources that no port lets in, whatever its policy: those that the packet filter drops. This covers clients that the filter can't see,
/// because they come through a balancer, and machines without a filter.
/// </summary>
internal sealed class BlockedSources
{
    private volatile AddressSet _current = AddressSet.Empty;

    /// <summary>The sources that are blocked now.</summary>
    public AddressSet Current
    {
        get => _current;
        set => _current = value;
    }
}
