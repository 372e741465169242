using System.Collections.Immutable;
using Tunnel.Edge.Endpoints;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Ports;

/// <summary>The ports that a configuration assigns, in order and without duplicates, each with its policy.</summary>
internal sealed class PortSet
{
    public static readonly PortSet Empty = Of([]);

    private readonly ImmutableDictionary<PortKey, EdgePortPolicy> _policies;

    private PortSet(ImmutableDictionary<PortKey, EdgePortPolicy> policies)
    {
        _policies = policies;
        Ports = policies.Keys.ToImmutableSortedSet();
    }

    public ImmutableSortedSet<PortKey> Ports { get; }

    /// <summary>Ports without limits.</summary>
    public static PortSet Of(IEnumerable<PortKey> ports) => Of(ports, _ => EdgePortPolicy.None);

    public static PortSet Of(IEnumerable<PortKey> ports, Func<PortKey, EdgePortPolicy> policyOf) =>
        new(ports.Distinct().ToImmutableDictionary(port => port, policyOf));

    public static PortSet From(TunnelConfig config) =>
        Of([.. config.ListenPorts.Select(PortKey.Tcp), .. config.ListenPortsUdp.Select(PortKey.Udp)], port => PolicyFor(config, port));

    public EdgePortPolicy PolicyFor(PortKey port) => _policies[port];

    /// <summary>
    /// What has to change to get from this set to <paramref name="next"/>; a port in both, at the same address, is in neither list.
    /// </summary>
    public PortChanges ChangesTo(PortSet next) => new(
        [.. next.Ports.Where(port => !SameListener(next, port))],
        [.. Ports.Where(port => !SameListener(next, port))]);

    private static EdgePortPolicy PolicyFor(TunnelConfig config, PortKey port)
    {
        var policy = config.PolicyFor(port.ToString());
        // The default is for both protocols, and has what only TCP knows.
        return port.Protocol == PortProtocol.Tcp ? policy : policy with { AcceptProxyProtocol = false, TrustedProxies = null, UploadRate = null };
    }

    private bool SameListener(PortSet next, PortKey port) =>
        _policies.TryGetValue(port, out var before) && next._policies.TryGetValue(port, out var after)
        && Equals(before.BindAddress, after.BindAddress);
}

/// <summary>The difference between two configurations.</summary>
internal sealed record PortChanges(ImmutableSortedSet<PortKey> Added, ImmutableSortedSet<PortKey> Removed)
{
    public bool IsEmpty => Added.IsEmpty && Removed.IsEmpty;
}
