using System.Net;
using System.Text.Json.Serialization;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>
/// The part of a port's policy that the edge applies before it opens a stream (protocol.md section 2.3, member <c>ports</c>). It never
/// names an upstream. A member that is null sets no limit.
/// </summary>
[JsonConverter(typeof(EdgePortPolicyConverter))]
public sealed record EdgePortPolicy
{
    /// <summary>The policy without limits.</summary>
    public static EdgePortPolicy None { get; } = new();

    /// <summary>The address to bind, or null to let the edge choose.</summary>
    public IPAddress? BindAddress { get; init; }

    /// <summary>
    /// TCP only: each connection comes from one of <see cref="TrustedProxies"/> and begins with a PROXY header, which names the client.
    /// </summary>
    public bool AcceptProxyProtocol { get; init; }

    /// <summary>Who may send a PROXY header.</summary>
    public CidrSet? TrustedProxies { get; init; }

    /// <summary>The clients that are let in; null or empty lets all in.</summary>
    public CidrSet? AllowCidrs { get; init; }

    /// <summary>The clients that are turned away, even where <see cref="AllowCidrs"/> lets them in.</summary>
    public CidrSet? DenyCidrs { get; init; }

    /// <summary>How many connections or sessions the port may have at once.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>How many connections or sessions one IPv4 address or IPv6 /64 may have at once.</summary>
    public int? MaxConnectionsPerIp { get; init; }

    /// <summary>How many new connections or sessions a second one IPv4 address or IPv6 /64 may open in the long run.</summary>
    public int? NewConnectionsPerSecondPerIp { get; init; }

    /// <summary>How many new connections or sessions may come at once; null allows as many as in one second.</summary>
    public int? NewConnectionsBurst { get; init; }

    /// <summary>TCP only: new connections a second of all clients together; the hub changes it as targets slow down.</summary>
    public int? Adaptive { get; init; }

    /// <summary>The seconds after which a UDP session ends when nothing has passed; null is the edge's default.</summary>
    public int? IdleTimeout { get; init; }

    /// <summary>The bytes a second that one client may send to the upstream.</summary>
    public int? UploadRate { get; init; }

    /// <summary>UDP only: whether a client that has sent one datagram gets at most ten times its bytes.</summary>
    public bool AmplificationGuard { get; init; } = true;

    /// <summary>Whether the hub is told of each client that is turned away.</summary>
    public bool LogConnections { get; init; }

    /// <summary>
    /// Whether the lists let a client in: deny wins, and an empty allow list lets all in. A connection that a trusted proxy makes for
    /// itself (a health check) is let in.
    /// </summary>
    public bool Permits(IPAddress client) => Permits(AddressNumber.Of(client));

    /// <inheritdoc cref="Permits(IPAddress)"/>
    public bool Permits(UInt128 client)
    {
        if (AcceptProxyProtocol && TrustedProxies is not null && TrustedProxies.Contains(client))
            return true;
        return DenyCidrs?.Contains(client) != true && (AllowCidrs is null or { Count: 0 } || AllowCidrs.Contains(client));
    }

    /// <summary>The same policy without the settings that only TCP ports have, since the default policy is for both protocols.</summary>
    public EdgePortPolicy ForUdp() => EdgePortSettings.All.Aggregate(this, (policy, setting) => setting.Without?.Invoke(policy) ?? policy);

    /// <summary>Whether either list has entries; a client whose address is not known can't be let in then.</summary>
    public bool HasLists => DenyCidrs is { Count: > 0 } || AllowCidrs is { Count: > 0 };
}
