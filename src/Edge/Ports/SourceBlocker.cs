using Tunnel.Edge.Refusing;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Edge.Ports;

/// <inheritdoc cref="ISourceBlocker"/>
internal sealed class SourceBlocker(BlockedSources blocked, PortListeners ports) : ISourceBlocker
{
    public int Block(AddressSet sources)
    {
        // New ones first: between the two nobody slips in.
        blocked.Current = sources;
        return sources.Count == 0 ? 0 : ports.Reset(sources.Contains);
    }
}
