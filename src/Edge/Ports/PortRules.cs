using System.Collections.Frozen;
using Tunnel.Edge.Endpoints;

namespace Tunnel.Edge.Ports;

/// <summary>The edge operator's own limits on which ports a hub may have bound here. No hub can lift them.</summary>
/// <param name="allowed">The ports that may be bound; null: all.</param>
/// <param name="protectedPorts">The ports that may never be bound.</param>
/// <param name="dialPort">The port at which this edge awaits its hub, which is never bound for clients either; null: it dials.</param>
internal sealed class PortRules(IEnumerable<int>? allowed, IEnumerable<int> protectedPorts, int? dialPort = null)
{
    private volatile Sets _sets = Sets.Of(allowed, protectedPorts);

    /// <summary>Takes changed rules. Ports that are already bound are not checked here.</summary>
    public void Change(IEnumerable<int>? allowedPorts, IEnumerable<int> protectedPorts) => _sets = Sets.Of(allowedPorts, protectedPorts);

    /// <summary>Returns why <paramref name="port"/> may not be bound; null when it may.</summary>
    public string? Objection(PortKey port)
    {
        // The number comes from the network, so it is checked.
        if (port.Number is < 1 or > 65535)
            return "not a port: 1 to 65535 is valid";
        if (port.Number == dialPort)
            return "protected: this edge awaits its hub at it";
        var sets = _sets;
        if (sets.Protected.Contains(port.Number))
            return "protected: listed in this edge's protectedPorts";
        if (sets.Allowed is { } allowed && !allowed.Contains(port.Number))
            return "not allowed: missing in this edge's allowPorts";
        return null;
    }

    private sealed record Sets(FrozenSet<int>? Allowed, FrozenSet<int> Protected)
    {
        public static Sets Of(IEnumerable<int>? allowed, IEnumerable<int> protectedPorts) =>
            new(allowed?.ToFrozenSet(), protectedPorts.ToFrozenSet());
    }
}
