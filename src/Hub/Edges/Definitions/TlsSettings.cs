namespace Tunnel.Hub.Edges.Definitions;

/// <summary>The settings of clients' TLS: rows of <see cref="PortSettings"/>, behind those of the pool, which routes share.</summary>
internal static class TlsSettings
{
    /// <summary>The rows, in the order in which they are shown.</summary>
    public static readonly PortSetting[] All =
    [
        new PortSetting<TlsDefinition?>(
            "tls",
            TlsForms.Tls.One(),
            own => own.Tls,
            (own, value) => own with { Tls = value },
            (policy, value, _) => policy with { Tls = value })
        {
            For = PortKinds.Tcp,
            Default = "none",
            Summary = "what the hub does with the clients' TLS: read the name that they ask for, or end it: see TLS",
            IsStricter = true,
        },
        new PortSetting<ValueList<RouteDefinition>?>(
            "routes",
            TlsForms.Routes,
            own => own.Routes,
            (own, value) => own with { Routes = value },
            (policy, value, _) => policy with { Routes = new RouteTable(value!, policy.Pool ?? new PoolPolicy()) })
        {
            For = PortKinds.Tcp,
            Default = "none",
            Summary = "targets by the name that clients ask for, with `tls`: see TLS",
        },
        new PortSetting<UpstreamTlsDefinition?>(
            "upstreamTls",
            UpstreamTlsForm.Form.One(),
            own => own.UpstreamTls,
            (own, value) => own with { UpstreamTls = value },
            (policy, value, _) => policy with { UpstreamTls = value })
        {
            For = PortKinds.Tcp,
            Default = "none",
            Summary = "the hub speaks TLS to the targets: see TLS",
            IsStricter = true,
        },
    ];
}
