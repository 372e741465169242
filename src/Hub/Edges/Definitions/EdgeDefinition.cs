using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>One edge as the operator writes it (docs/operations/ports.md, The file).</summary>
/// <remarks>Not yet validated: see <see cref="EdgeSetValidator"/>.</remarks>
public sealed record EdgeDefinition
{
    /// <summary>The edge's id: 1–64 of <c>[A-Za-z0-9._-]</c>, unique in the set.</summary>
    public required string Id { get; init; }

    /// <summary>
    /// The edge's secret, 16–256 printable ASCII characters without spaces; null keeps the existing one. It is never returned.
    /// </summary>
    public string? Secret { get; init; }

    /// <summary>False: the edge is refused, and disconnected if it is connected.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The TCP ports to listen on; at most 16,384 together with the UDP ports.</summary>
    public ImmutableArray<PortRange> ListenPorts { get; init; } = [];

    /// <summary>The UDP ports to listen on.</summary>
    public ImmutableArray<PortRange> ListenPortsUdp { get; init; } = [];

    /// <summary>Seconds between two STUN look-ups, 10–86,400, or 0 for none; null means the edge's default.</summary>
    public int? StunIntervalSecs { get; init; }

    /// <summary>Who opens the connection: <c>edge</c> or <c>hub</c>; null means the edge.</summary>
    public string? Dial { get; init; }

    /// <summary>Where the edge awaits the hub that dials: a host with or without a port, which is 8443 then; else null.</summary>
    public string? DialAddress { get; init; }

    /// <summary>
    /// The firewall (docs/operations/firewall.md), at most 1 MiB of JSON; it is passed on to the edge, which checks it as well.
    /// </summary>
    public JsonElement? FirewallConfig { get; init; }

    /// <summary>
    /// Where the targets of its ports may be at all, at most 5,000 addresses and CIDRs, within the hub's own <c>targetAllowCidrs</c>; null
    /// or empty: anywhere but at a cloud's metadata addresses, which have to be listed by themselves.
    /// </summary>
    public CidrSet? TargetAllowCidrs { get; init; }

    /// <summary>An empty set of port policies.</summary>
    public static ImmutableSortedDictionary<string, PortPolicyDefinition> NoPorts { get; } =
        ImmutableSortedDictionary.Create<string, PortPolicyDefinition>(PortKey.Order);

    /// <summary>
    /// Port policies by <c>tcp/443</c>, <c>udp/53</c> or <c>default</c>. They are always written in the same order: TCP before UDP,
    /// ascending, and the default last.
    /// </summary>
    public ImmutableSortedDictionary<string, PortPolicyDefinition> Ports { get; init; } = NoPorts;

    /// <summary>Where the hub dials this edge; null when the edge dials.</summary>
    internal DialTarget? DialTarget =>
        Dial == DialTarget.ByHub && DialAddress is { } address && HostSyntax.TryParseHostAndPort(address, out var host, out var port)
            ? new DialTarget(host, port ?? DialTarget.DefaultPort)
            : null;

    // The method that the compiler generates would print the secret.
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("Id = ").Append(Id).Append(", Enabled = ").Append(Enabled);
        return true;
    }
}
