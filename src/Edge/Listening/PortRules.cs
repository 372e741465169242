using System.Collections.Frozen;

namespace Tunnel.Edge.Listening;

/// <summary>The edge operator's own limits on what a hub may have bound here; no hub can lift them (product.md section 1).</summary>
internal sealed class PortRules(IEnumerable<int>? allowed, IEnumerable<int> protectedPorts)
{
    private readonly FrozenSet<int>? _allowed = allowed?.ToFrozenSet();
    private readonly FrozenSet<int> _protected = protectedPorts.ToFrozenSet();

    /// <summary>Why <paramref name="port"/> may not be bound, or null when it may.</summary>
    public string? Objection(PortKey port)
    {
        // The number comes from the network.
        if (port.Port is < 1 or > 65535)
            return "not a port: 1 to 65535 is valid";
        if (_protected.Contains(port.Port))
            return "protected: listed in this edge's protectedPorts";
        if (_allowed is not null && !_allowed.Contains(port.Port))
            return "not allowed: missing in this edge's allowPorts";
        return null;
    }
}
