namespace Tunnel.Hub.Edges;

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

    /// <summary>The policy of one port: this over <paramref name="fallback"/> over what is built in.</summary>
    internal PortPolicy Resolve(PortPolicyDefinition? fallback, bool udp)
    {
        var builtIn = udp ? PortPolicy.DefaultUdp : PortPolicy.DefaultTcp;
        var idle = IdleTimeout ?? fallback?.IdleTimeout;
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
            // 0 ("never") can only come from an entry for TCP or from the default, which UDP then does not follow: a UDP session
            // has no other end.
            IdleTimeout = idle is null or 0 ? (idle is 0 && !udp ? null : builtIn.IdleTimeout) : TimeSpan.FromSeconds(idle.Value),
        };
    }
}
