using Tunnel.Edge.Refusing;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Edge.Ports;

/// <inheritdoc cref="ISourceBlocker"/>
internal sealed class SourceBlocker(BlockedSources blocked, PortListeners ports) : ISourceBlocker
{
    public int Block(AddressSet sources)
    {
        // New connections are blocked first, so that none slips in before the open ones are reset.
        blocked.Current = sources;
        return sources.Count == 0 ? 0 : ports.Reset(sources.Contains);
    }
}
