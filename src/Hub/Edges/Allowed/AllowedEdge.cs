using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Edges.Allowed;

/// <summary>An edge that may connect, resolved for the data path: ports expanded and sorted, policies merged. Immutable.</summary>
public sealed class AllowedEdge
{
    private readonly FrozenDictionary<int, PortPolicy> _tcp;
    private readonly FrozenDictionary<int, PortPolicy> _udp;
    private string? _tag;
    private int? _jsonLength;

    internal AllowedEdge(EdgeDefinition definition)
    {
        Definition = definition;
        SharedPolicy = definition.Ports.GetValueOrDefault(PortKey.Default)?.Resolve(null, udp: false) ?? PortPolicy.DefaultTcp;
        _tcp = Assign(definition, udp: false);
        _udp = Assign(definition, udp: true);
        TcpPorts = [.. _tcp.Keys.Order()];
        UdpPorts = [.. _udp.Keys.Order()];
    }

    /// <summary>The edge's id, 1–64 of <c>[A-Za-z0-9._-]</c>.</summary>
    public string Id => Definition.Id;

    /// <summary>False: refused like an unknown one, and disconnected.</summary>
    public bool Enabled => Definition.Enabled;

    /// <summary>TCP ports that the edge binds, ascending; without the ones whose policy is disabled.</summary>
    public ImmutableArray<int> TcpPorts { get; }

    /// <summary>UDP ports that the edge binds, ascending; without the ones whose policy is disabled.</summary>
    public ImmutableArray<int> UdpPorts { get; }

    /// <summary>Seconds between two STUN look-ups; null means the edge's default.</summary>
    public int? StunIntervalSecs => Definition.StunIntervalSecs;

    /// <summary>The firewall as the operator wrote it; null when there is none.</summary>
    public JsonElement? FirewallConfig => Definition.FirewallConfig;

    /// <summary>The entity tag of what the operator wrote.</summary>
    internal string Tag => _tag ??= EntityTags.Of(Definition);

    /// <summary>Bytes of its JSON, as it is read.</summary>
    internal int JsonLength => _jsonLength ??= JsonSerializer.SerializeToUtf8Bytes(Definition, EdgeJson.Default.EdgeDefinition).Length;

    /// <summary>What the operator wrote, without the secret.</summary>
    public EdgeDefinition Definition { get; }

    /// <summary>The policy of TCP ports that have no entry of their own.</summary>
    internal PortPolicy SharedPolicy { get; }

    /// <summary>True when the hub assigned this port to the edge; what comes from any other port is reset.</summary>
    public bool IsAssigned(bool udp, int port) => (udp ? _udp : _tcp).ContainsKey(port);

    /// <summary>The policy of a port; what is built in for one that is not assigned.</summary>
    public PortPolicy PolicyFor(bool udp, int port) =>
        (udp ? _udp : _tcp).TryGetValue(port, out var policy) ? policy : udp ? PortPolicy.DefaultUdp : PortPolicy.DefaultTcp;

    /// <summary>
    /// For tests of the data path and for embedding: resolves a definition that <see cref="EdgeSetValidator"/> has found valid.
    /// </summary>
    public static AllowedEdge From(EdgeDefinition definition) => new(definition with { Secret = null });

    private static FrozenDictionary<int, PortPolicy> Assign(EdgeDefinition definition, bool udp)
    {
        var fallback = definition.Ports.GetValueOrDefault(PortKey.Default);
        // Ports without an entry of their own share one policy: a range of a thousand costs one object.
        var shared = (fallback ?? new PortPolicyDefinition()).Resolve(null, udp);
        var assigned = new Dictionary<int, PortPolicy>();
        foreach (var range in udp ? definition.ListenPortsUdp : definition.ListenPorts)
        {
            for (var port = range.First; port <= range.Last; port++)
            {
                var policy = definition.Ports.TryGetValue(PortKey.For(udp, port), out var own) ? own.Resolve(fallback, udp) : shared;
                if (policy.Enabled)
                    assigned[port] = policy;
            }
        }

        return assigned.ToFrozenDictionary();
    }
}
