using System.Net;
using System.Text.Json.Serialization;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>
/// A port policy as the operator writes it: a null value is taken from the edge's <c>default</c> entry, then from the built-in policy.
/// </summary>
public sealed record PortPolicyDefinition
{
    /// <inheritdoc cref="PortPolicy.Name"/>
    public string? Name { get; init; }

    /// <inheritdoc cref="PortPolicy.Enabled"/>
    public bool? Enabled { get; init; }

    /// <inheritdoc cref="PortPolicy.Notes"/>
    public string? Notes { get; init; }

    /// <inheritdoc cref="PortPolicy.TargetHost"/>
    public string? TargetHost { get; init; }

    /// <inheritdoc cref="PortPolicy.TargetPort"/>
    public int? TargetPort { get; init; }

    /// <inheritdoc cref="PoolPolicy.Targets"/>
    public TargetList? Targets { get; init; }

    /// <inheritdoc cref="PoolPolicy.Balance"/>
    public Balance? Balance { get; init; }

    /// <inheritdoc cref="PoolPolicy.HealthCheck"/>
    public HealthCheckDefinition? HealthCheck { get; init; }

    /// <inheritdoc cref="PoolPolicy.Breaker"/>
    public BreakerDefinition? Breaker { get; init; }

    /// <inheritdoc cref="PoolPolicy.PanicThreshold"/>
    public int? PanicThreshold { get; init; }

    /// <summary>Seconds in which a recovered member gets its whole weight back, up to 3,600; 0: at once.</summary>
    public int? SlowStart { get; init; }

    /// <inheritdoc cref="PortPolicy.Adaptive"/>
    public AdaptiveDefinition? Adaptive { get; init; }

    /// <inheritdoc cref="PortPolicy.Tls"/>
    public TlsDefinition? Tls { get; init; }

    /// <inheritdoc cref="PortPolicy.UpstreamTls"/>
    public UpstreamTlsDefinition? UpstreamTls { get; init; }

    /// <inheritdoc cref="PortPolicy.Authorize"/>
    public AuthorizeDefinition? AuthorizeUrl { get; init; }

    /// <summary>Targets by the names that clients ask for; who asks for another name gets those of the port.</summary>
    public ValueList<RouteDefinition>? Routes { get; init; }

    /// <inheritdoc cref="PortPolicy.ProxyProtocol"/>
    public ProxyProtocol? ProxyProtocol { get; init; }

    /// <inheritdoc cref="PortPolicy.UdpProxyProtocol"/>
    public UdpProxyProtocol? UdpProxyProtocol { get; init; }

    /// <inheritdoc cref="PortPolicy.ProxyTlvs"/>
    public bool? ProxyTlvs { get; init; }

    /// <summary>Seconds that the upstream may take to accept a connection, 1–3,600.</summary>
    public int? ConnectTimeout { get; init; }

    /// <summary>Seconds without a byte after which a connection or session ends, up to 86,400; 0 means never (TCP only).</summary>
    public int? IdleTimeout { get; init; }

    /// <inheritdoc cref="EdgePortPolicy.BindAddress"/>
    [JsonConverter(typeof(AddressJsonConverter))]
    public IPAddress? BindAddress { get; init; }

    /// <inheritdoc cref="EdgePortPolicy.AcceptProxyProtocol"/>
    public bool? AcceptProxyProtocol { get; init; }

    /// <summary>Who may send a PROXY header; at most 5,000 CIDRs in each list, and 20,000 in all ports of an edge.</summary>
    public CidrSet? TrustedProxies { get; init; }

    /// <inheritdoc cref="EdgePortPolicy.AllowCidrs"/>
    public CidrSet? AllowCidrs { get; init; }

    /// <inheritdoc cref="EdgePortPolicy.DenyCidrs"/>
    public CidrSet? DenyCidrs { get; init; }

    /// <inheritdoc cref="PortPolicy.AllowPrivateSources"/>
    public bool? AllowPrivateSources { get; init; }

    /// <summary>The number of connections or sessions that the port may have at once; 0 means no limit.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>The number that one IPv4 address or IPv6 /64 may have at once; 0 means no limit.</summary>
    public int? MaxConnectionsPerIp { get; init; }

    /// <summary>New connections or sessions a second from one IPv4 address or IPv6 /64; 0 means no limit.</summary>
    public int? NewConnectionsPerSecondPerIp { get; init; }

    /// <summary>How many new ones may come at once; 0 means as many as in one second.</summary>
    public int? NewConnectionsBurst { get; init; }

    /// <summary>Bytes a second of one TCP connection from the client to the upstream; 0 means no limit, else at least 1,000.</summary>
    public int? UploadRate { get; init; }

    /// <inheritdoc cref="EdgePortPolicy.AmplificationGuard"/>
    public bool? AmplificationGuard { get; init; }

    /// <summary>Bytes a second of one TCP connection from the upstream to the client; 0 means no limit, else at least 1,000.</summary>
    public int? DownloadRate { get; init; }

    /// <inheritdoc cref="PortPolicy.LogConnections"/>
    public bool? LogConnections { get; init; }

    /// <summary>Resolves the policy of one port: this entry, then <paramref name="fallback"/>, then the built-in policy.</summary>
    internal PortPolicy Resolve(PortPolicyDefinition? fallback, bool udp) => PortSettings.Resolve(this, fallback, udp);
}
