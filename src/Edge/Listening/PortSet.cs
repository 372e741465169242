using System.Collections.Immutable;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Listening;

/// <summary>The ports that a configuration assigns, in order and without duplicates.</summary>
internal sealed class PortSet
{
    public static readonly PortSet Empty = new(ImmutableSortedSet<PortKey>.Empty);

    private PortSet(ImmutableSortedSet<PortKey> ports) => Ports = ports;

    public ImmutableSortedSet<PortKey> Ports { get; }

    public static PortSet Of(IEnumerable<PortKey> ports) => new(ports.ToImmutableSortedSet());

    public static PortSet From(TunnelConfig config) =>
        Of([.. config.ListenPorts.Select(PortKey.Tcp), .. config.ListenPortsUdp.Select(PortKey.Udp)]);

    /// <summary>What has to change to get from this set to <paramref name="next"/>; a port in both is in neither list.</summary>
    public PortChanges ChangesTo(PortSet next) => new(next.Ports.Except(Ports), Ports.Except(next.Ports));
}

/// <summary>The difference between two configurations.</summary>
internal sealed record PortChanges(ImmutableSortedSet<PortKey> Added, ImmutableSortedSet<PortKey> Removed)
{
    public bool IsEmpty => Added.IsEmpty && Removed.IsEmpty;
}
