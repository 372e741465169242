using System.Collections.Immutable;
using Tunnel.Edge.Endpoints;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Ports;

/// <summary>
/// The ports that a configuration assigns, each once, with their policies. There may be 131,070 of them, so they are in arrays, and no port
/// has an object of its own.
/// </summary>
internal sealed class PortSet
{
    public static readonly PortSet Empty = Of([]);

    private readonly EdgePortPolicy[] _policies;

    private PortSet(ImmutableArray<PortKey> ports, EdgePortPolicy[] policies) => (Ports, _policies) = (ports, policies);

    /// <summary>The ports, in ascending order.</summary>
    public ImmutableArray<PortKey> Ports { get; }

    /// <summary>Creates a set of ports without limits.</summary>
    public static PortSet Of(IEnumerable<PortKey> ports) => Of(ports, _ => EdgePortPolicy.None);

    public static PortSet Of(IEnumerable<PortKey> ports, Func<PortKey, EdgePortPolicy> policyOf)
    {
        var all = ports.ToArray();
        Array.Sort(all);
        var count = 0;
        foreach (var port in all)
        {
            if (count == 0 || all[count - 1] != port)
                all[count++] = port;
        }

        Array.Resize(ref all, count);
        return new PortSet([.. all], Array.ConvertAll(all, policyOf.Invoke));
    }

    public static PortSet From(TunnelConfig config)
    {
        var forUdp = new Dictionary<EdgePortPolicy, EdgePortPolicy>(ReferenceEqualityComparer.Instance);
        return Of([.. config.ListenPorts.Select(PortKey.Tcp), .. config.ListenPortsUdp.Select(PortKey.Udp)], PolicyOf);

        EdgePortPolicy PolicyOf(PortKey port)
        {
            var policy = config.PolicyFor(port.ToString());
            if (port.Protocol == PortProtocol.Tcp)
                return policy;
            // The default policy is for both protocols and has settings that only TCP knows.
            if (!forUdp.TryGetValue(policy, out var own))
                forUdp.Add(policy, own = policy.ForUdp());
            return own;
        }
    }

    /// <summary>Returns the policy of a port, which must be in the set.</summary>
    public EdgePortPolicy PolicyFor(PortKey port) =>
        Find(port) ?? throw new ArgumentOutOfRangeException(nameof(port), port, "not in the set");

    /// <summary>
    /// Returns what has to change to get from this set to <paramref name="next"/>. A port that is in both, at the same address, is in
    /// neither list.
    /// </summary>
    public PortChanges ChangesTo(PortSet next) => new(
        [.. next.Ports.Where(port => !SameListener(next, port))],
        [.. Ports.Where(port => !SameListener(next, port))]);

    private EdgePortPolicy? Find(PortKey port) => Ports.BinarySearch(port) is >= 0 and var index ? _policies[index] : null;

    private bool SameListener(PortSet next, PortKey port) =>
        Find(port) is { } before && next.Find(port) is { } after && Equals(before.BindAddress, after.BindAddress);
}

/// <summary>The difference between two configurations, each list in ascending order.</summary>
internal sealed record PortChanges(ImmutableArray<PortKey> Added, ImmutableArray<PortKey> Removed)
{
    public bool IsEmpty => Added.IsEmpty && Removed.IsEmpty;
}
