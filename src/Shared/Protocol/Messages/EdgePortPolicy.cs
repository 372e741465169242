using System.Net;
using System.Text.Json.Serialization;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Protocol.Messages;

/// <summary>
/// What of a port's policy is applied at the edge, before a stream is opened (protocol.md section 2.3, member <c>ports</c>). It never names
/// an upstream. A member that is null sets no limit.
/// </summary>
[JsonConverter(typeof(EdgePortPolicyConverter))]
public sealed record EdgePortPolicy
{
    /// <summary>No limits.</summary>
    public static EdgePortPolicy None { get; } = new();

    /// <summary>The address to bind; null: the edge's own choice.</summary>
    public IPAddress? BindAddress { get; init; }

    /// <summary>
    /// TCP: each connection comes from one of <see cref="TrustedProxies"/> and begins with a PROXY header, which names the client.
    /// </summary>
    public bool AcceptProxyProtocol { get; init; }

    /// <summary>Who may send a PROXY header.</summary>
    public CidrSet? TrustedProxies { get; init; }

    /// <summary>Clients that are let in; null or empty: all.</summary>
    public CidrSet? AllowCidrs { get; init; }

    /// <summary>Clients that are turned away, also where <see cref="AllowCidrs"/> lets them in.</summary>
    public CidrSet? DenyCidrs { get; init; }

    /// <summary>Connections or sessions that the port may have at once.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>The same, of one IPv4 address or IPv6 /64.</summary>
    public int? MaxConnectionsPerIp { get; init; }

    /// <summary>New connections or sessions a second of one IPv4 address or IPv6 /64, on the long run.</summary>
    public int? NewConnectionsPerSecondPerIp { get; init; }

    /// <summary>How many of them may come at once; null: as many as in one second.</summary>
    public int? NewConnectionsBurst { get; init; }

    /// <summary>Seconds after which a UDP session ends when nothing has passed; null: the edge's default.</summary>
    public int? IdleTimeout { get; init; }

    /// <summary>Bytes a second from one client to the upstream (TCP).</summary>
    public int? UploadRate { get; init; }

    /// <summary>The hub is told of each client that is turned away.</summary>
    public bool LogConnections { get; init; }

    /// <summary>
    /// Whether the lists let a client in: deny wins, an empty allow list is for all. What a trusted proxy does for itself (health checks)
    /// is let in.
    /// </summary>
    public bool Permits(IPAddress client) => Permits(AddressNumber.Of(client));

    /// <inheritdoc cref="Permits(IPAddress)"/>
    public bool Permits(UInt128 client)
    {
        if (AcceptProxyProtocol && TrustedProxies is not null && TrustedProxies.Contains(client))
            return true;
        return DenyCidrs?.Contains(client) != true && (AllowCidrs is null or { Count: 0 } || AllowCidrs.Contains(client));
    }

    /// <summary>The same without what only TCP ports have: the default is for both.</summary>
    public EdgePortPolicy ForUdp() => EdgePortSettings.All.Aggregate(this, (policy, setting) => setting.Without?.Invoke(policy) ?? policy);

    /// <summary>Whether there is a list at all: then a client whose address is not known can't be let in.</summary>
    public bool HasLists => DenyCidrs is { Count: > 0 } || AllowCidrs is { Count: > 0 };
}
