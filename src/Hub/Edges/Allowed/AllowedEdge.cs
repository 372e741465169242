using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.Allowed;

/// <summary>An edge that may connect, resolved for the data path: ports are expanded and sorted, policies merged. Immutable.</summary>
public sealed class AllowedEdge
{
    private readonly FrozenDictionary<int, PortPolicy> _tcp;
    private readonly FrozenDictionary<int, PortPolicy> _udp;
    private readonly PortPolicy _sharedTcp;
    private readonly PortPolicy _sharedUdp;
    private string? _tag;
    private int? _jsonLength;

    internal AllowedEdge(EdgeDefinition definition)
    {
        Definition = definition;
        // Ports without an entry of their own share one policy, and so do the ports of a range with an entry: a thousand ports cost one
        // object.
        var fallback = definition.Ports.GetValueOrDefault(PortKey.Default) ?? new PortPolicyDefinition();
        _sharedTcp = Resolve(definition, fallback, null, udp: false);
        _sharedUdp = Resolve(definition, fallback, null, udp: true);
        _tcp = Assign(definition, udp: false, _sharedTcp);
        _udp = Assign(definition, udp: true, _sharedUdp);
        TcpPorts = [.. _tcp.Keys.Order()];
        UdpPorts = [.. _udp.Keys.Order()];
    }

    /// <summary>The edge's id, 1–64 of <c>[A-Za-z0-9._-]</c>.</summary>
    public string Id => Definition.Id;

    /// <summary>False: the edge is refused like an unknown one, and disconnected.</summary>
    public bool Enabled => Definition.Enabled;

    /// <summary>The TCP ports that the edge binds, ascending, without those whose policy is disabled.</summary>
    public ImmutableArray<int> TcpPorts { get; }

    /// <summary>The UDP ports that the edge binds, ascending, without those whose policy is disabled.</summary>
    public ImmutableArray<int> UdpPorts { get; }

    /// <summary>Seconds between two STUN look-ups; null means the edge's default.</summary>
    public int? StunIntervalSecs => Definition.StunIntervalSecs;

    /// <summary>Where the hub dials this edge; null when the edge dials.</summary>
    internal DialTarget? DialTarget => Definition.DialTarget;

    /// <summary>The firewall as the operator wrote it; null when there is none.</summary>
    public JsonElement? FirewallConfig => Definition.FirewallConfig;

    /// <summary>
    /// When what the edge is told of its definition was changed last, in microseconds since 1970; it never falls while the edge is there,
    /// whichever of the hubs that share it makes a change. Set before the edge is in force. 0: nobody knows of a change.
    /// </summary>
    internal long Revision { get; set; }

    /// <summary>The entity tag of what the operator wrote.</summary>
    internal string Tag => _tag ??= EntityTags.Of(Definition);

    /// <summary>The length of the definition's JSON, as it is read, in bytes.</summary>
    internal int JsonLength => _jsonLength ??= JsonSerializer.SerializeToUtf8Bytes(Definition, EdgeJson.Default.EdgeDefinition).Length;

    /// <summary>The definition that the operator wrote, without the secret.</summary>
    public EdgeDefinition Definition { get; }

    /// <summary>The policy of TCP ports that have no entry of their own.</summary>
    internal PortPolicy SharedPolicy => _sharedTcp;

    /// <summary>The policy of UDP ports that have no entry of their own.</summary>
    internal PortPolicy SharedUdpPolicy => _sharedUdp;

    /// <summary>Whether an assigned port has an entry of its own.</summary>
    internal bool HasOwnPolicy(bool udp, int port) => !ReferenceEquals(PolicyFor(udp, port), udp ? _sharedUdp : _sharedTcp);

    /// <summary>Whether the hub assigned this port to the edge; streams from any other port are reset.</summary>
    public bool IsAssigned(bool udp, int port) => (udp ? _udp : _tcp).ContainsKey(port);

    /// <summary>Returns the policy of a port; for a port that is not assigned, the built-in defaults.</summary>
    public PortPolicy PolicyFor(bool udp, int port) =>
        (udp ? _udp : _tcp).TryGetValue(port, out var policy) ? policy : udp ? PortPolicy.DefaultUdp : PortPolicy.DefaultTcp;

    /// <summary>Whether both have the same ports, whatever their policies.</summary>
    internal bool HasPortsOf(AllowedEdge other) =>
        TcpPorts.AsSpan().SequenceEqual(other.TcpPorts.AsSpan()) && UdpPorts.AsSpan().SequenceEqual(other.UdpPorts.AsSpan());

    /// <summary>Whether the operator wrote the same firewall for both.</summary>
    internal bool HasFirewallOf(AllowedEdge other) => FirewallConfig is { } own && other.FirewallConfig is { } others
        ? JsonElement.DeepEquals(own, others)
        : FirewallConfig is null && other.FirewallConfig is null;

    /// <summary>Whether an edge that is told of the one instead of the other sees no difference: none has to do with targets.</summary>
    internal bool IsToldAs(AllowedEdge other) =>
        HasPortsOf(other) && StunIntervalSecs == other.StunIntervalSecs && HasFirewallOf(other)
        && TcpPorts.All(port => PolicyFor(udp: false, port).Edge == other.PolicyFor(udp: false, port).Edge)
        && UdpPorts.All(port => PolicyFor(udp: true, port).Edge == other.PolicyFor(udp: true, port).Edge);

    /// <summary>
    /// Resolves a definition that <see cref="EdgeSetValidator"/> has found valid. For tests of the data path and for embedding.
    /// </summary>
    public static AllowedEdge From(EdgeDefinition definition) => new(definition with { Secret = null });

    private static PortPolicy Resolve(EdgeDefinition edge, PortPolicyDefinition own, PortPolicyDefinition? fallback, bool udp)
    {
        var policy = own.Resolve(fallback, udp);
        return edge.TargetAllowCidrs is { Count: > 0 } allowed ? policy with { TargetAllowCidrs = allowed } : policy;
    }

    private static FrozenDictionary<int, PortPolicy> Assign(EdgeDefinition definition, bool udp, PortPolicy shared)
    {
        var fallback = definition.Ports.GetValueOrDefault(PortKey.Default);
        var assigned = new Dictionary<int, PortPolicy>();
        foreach (var range in udp ? definition.ListenPortsUdp : definition.ListenPorts)
            Add(range, shared);
        foreach (var (name, own) in definition.Ports)
        {
            if (PortKey.TryParse(name, out var key) && key.Udp == udp)
                Add(key.Ports, Resolve(definition, own, fallback, udp));
        }

        return assigned.Where(port => port.Value.Enabled).ToFrozenDictionary();

        void Add(PortRange range, PortPolicy policy)
        {
            for (var port = range.First; port <= range.Last; port++)
                assigned[port] = policy;
        }
    }
}
