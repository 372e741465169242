using System.Net;
using System.Text.Json.Serialization;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>A port policy as the operator writes it: what is null is taken from the edge's <c>default</c> entry, then from what is built in.</summary>
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

    /// <inheritdoc cref="PortPolicy.ProxyProtocol"/>
    public ProxyProtocol? ProxyProtocol { get; init; }

    /// <inheritdoc cref="PortPolicy.UdpProxyProtocol"/>
    public UdpProxyProtocol? UdpProxyProtocol { get; init; }

    /// <summary>Seconds that the upstream may take to accept, 1–3,600.</summary>
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

    /// <summary>Connections or sessions that the port may have at once; 0 means no limit.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>The same, of one IPv4 address or IPv6 /64; 0 means no limit.</summary>
    public int? MaxConnectionsPerIp { get; init; }

    /// <summary>New connections or sessions a second of one IPv4 address or IPv6 /64; 0 means no limit.</summary>
    public int? NewConnectionsPerSecondPerIp { get; init; }

    /// <summary>How many of them may come at once; 0 means as many as in one second.</summary>
    public int? NewConnectionsBurst { get; init; }

    /// <summary>Bytes a second of one TCP connection from the client to the upstream; 0 means no limit, else at least 1,000.</summary>
    public int? UploadRate { get; init; }

    /// <summary>Bytes a second of one TCP connection from the upstream to the client; 0 means no limit, else at least 1,000.</summary>
    public int? DownloadRate { get; init; }

    /// <inheritdoc cref="PortPolicy.LogConnections"/>
    public bool? LogConnections { get; init; }

    /// <summary>The policy of one port: this over <paramref name="fallback"/> over what is built in.</summary>
    internal PortPolicy Resolve(PortPolicyDefinition? fallback, bool udp)
    {
        var builtIn = udp ? PortPolicy.DefaultUdp : PortPolicy.DefaultTcp;
        var idle = IdleTimeout ?? fallback?.IdleTimeout;
        // 0 ("never") can only come from an entry for TCP or from the default, which UDP then does not follow: a UDP session
        // has no other end.
        var idleTimeout = idle is null or 0 ? (idle is 0 && !udp ? null : builtIn.IdleTimeout) : TimeSpan.FromSeconds(idle.Value);
        return new PortPolicy
        {
            Name = Name ?? fallback?.Name,
            Enabled = Enabled ?? fallback?.Enabled ?? builtIn.Enabled,
            Notes = Notes ?? fallback?.Notes,
            TargetHost = TargetHost ?? fallback?.TargetHost,
            TargetPort = TargetPort ?? fallback?.TargetPort,
            ProxyProtocol = ProxyProtocol ?? fallback?.ProxyProtocol ?? builtIn.ProxyProtocol,
            UdpProxyProtocol = UdpProxyProtocol ?? fallback?.UdpProxyProtocol ?? builtIn.UdpProxyProtocol,
            ConnectTimeout = (ConnectTimeout ?? fallback?.ConnectTimeout) is { } seconds
                ? TimeSpan.FromSeconds(seconds)
                : builtIn.ConnectTimeout,
            IdleTimeout = idleTimeout,
            DownloadRate = udp ? null : Limit(DownloadRate ?? fallback?.DownloadRate),
            AllowPrivateSources = AllowPrivateSources ?? fallback?.AllowPrivateSources,
            Edge = ResolveEdge(fallback, udp, idle is > 0 ? idle : null),
        };
    }

    // What UDP has not is left out; the edge does the same with the default, which it is sent once for both.
    private EdgePortPolicy ResolveEdge(PortPolicyDefinition? fallback, bool udp, int? idleTimeout) => new()
    {
        BindAddress = BindAddress ?? fallback?.BindAddress,
        AcceptProxyProtocol = !udp && (AcceptProxyProtocol ?? fallback?.AcceptProxyProtocol ?? false),
        TrustedProxies = udp ? null : NullIfEmpty(TrustedProxies ?? fallback?.TrustedProxies),
        AllowCidrs = NullIfEmpty(AllowCidrs ?? fallback?.AllowCidrs),
        DenyCidrs = NullIfEmpty(DenyCidrs ?? fallback?.DenyCidrs),
        MaxConnections = Limit(MaxConnections ?? fallback?.MaxConnections),
        MaxConnectionsPerIp = Limit(MaxConnectionsPerIp ?? fallback?.MaxConnectionsPerIp),
        NewConnectionsPerSecondPerIp = Limit(NewConnectionsPerSecondPerIp ?? fallback?.NewConnectionsPerSecondPerIp),
        NewConnectionsBurst = Limit(NewConnectionsBurst ?? fallback?.NewConnectionsBurst),
        IdleTimeout = idleTimeout,
        UploadRate = udp ? null : Limit(UploadRate ?? fallback?.UploadRate),
        LogConnections = LogConnections ?? fallback?.LogConnections ?? false,
    };

    private static int? Limit(int? value) => value is 0 ? null : value;

    private static CidrSet? NullIfEmpty(CidrSet? set) => set is { Count: 0 } ? null : set;
}
