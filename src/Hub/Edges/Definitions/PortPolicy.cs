using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>
/// How the hub forwards what arrives at one port of an edge (docs/operations.md, Port policy). Resolved: the port's own entry over the
/// edge's <c>default</c> over what is built in.
/// </summary>
public sealed record PortPolicy
{
    /// <summary>Idle time after which a UDP session ends when nothing else was said.</summary>
    public static readonly TimeSpan DefaultUdpIdleTimeout = TimeSpan.FromSeconds(60);

    /// <summary>What is built in for a TCP port.</summary>
    public static PortPolicy DefaultTcp { get; } = new();

    /// <summary>What is built in for a UDP port.</summary>
    public static PortPolicy DefaultUdp { get; } = new() { IdleTimeout = DefaultUdpIdleTimeout };

    /// <summary>A name for people, or null.</summary>
    public string? Name { get; init; }

    /// <summary>False takes the port away from the edge without forgetting its policy.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Notes for people, or null.</summary>
    public string? Notes { get; init; }

    /// <summary>Name or address of the upstream; null means the hub's <c>targetHost</c>.</summary>
    public string? TargetHost { get; init; }

    /// <summary>Port of the upstream, 1–65535; null means the port that the client connected to.</summary>
    public int? TargetPort { get; init; }

    /// <summary>The header in front of a TCP connection; null means the hub's <c>defaultProxyProtocol</c>.</summary>
    public ProxyProtocol? ProxyProtocol { get; init; }

    /// <summary>The header in front of datagrams; null: each where the hub's <c>defaultProxyProtocol</c> is not off.</summary>
    public UdpProxyProtocol? UdpProxyProtocol { get; init; }

    /// <summary>How long the upstream may take to accept a connection, 1 s to 3,600 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long nothing may pass before the connection or session is ended; null means for ever (TCP only).</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Bytes a second of one connection from the upstream to the client; null: no limit (TCP).</summary>
    public int? DownloadRate { get; init; }

    /// <summary>
    /// Whether clients may have addresses that nobody has on the Internet (<see cref="AddressScope"/>), or none. Null: none never, and such
    /// addresses only at an edge that has such a one itself, as seen from here; at an edge with a public address they can only be forged.
    /// </summary>
    public bool? AllowPrivateSources { get; init; }

    /// <summary>What the edge is told; the hub checks the lists again.</summary>
    public EdgePortPolicy Edge { get; init; } = EdgePortPolicy.None;

    /// <summary>Every connection, and every client that is turned away, is kept in the hub's list of connections.</summary>
    public bool LogConnections => Edge.LogConnections;
}
