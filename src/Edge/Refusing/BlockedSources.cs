using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Edge.Refusing;

/// <summary>
/// Sources that no port lets in, whatever its policy: those that the packet filter drops. For clients that it can't see, since they come
/// through a balancer, and for machines where there is none.
/// </summary>
internal sealed class BlockedSources
{
    private volatile AddressSet _current = AddressSet.Empty;

    /// <summary>Who is blocked now.</summary>
    public AddressSet Current
    {
        get => _current;
        set => _current = value;
    }
}
