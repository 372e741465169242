using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Edges.Definitions;

// Over 300 lines: a row for each setting.
/// <summary>
/// All settings of a port, one row each. The strict reader, the validator, the resolved policy, the description of the API, the options
/// of commands and the table in docs/operations/ports.md come from the rows. To add a setting, add a row here, its value to the records,
/// and its enforcement (docs/architecture.md).
/// </summary>
internal static class PortSettings
{
    private const int MaxCount = 1_000_000;

    private static readonly SettingForm<int?> Limit = SettingForms.Number(0, MaxCount, "connections (0: no limit)");

    /// <summary>All rows, in the order in which they are shown.</summary>
    public static readonly PortSetting[] All =
    [
        new PortSetting<string?>(
            "name", SettingForms.Text(64), own =>
                own.Name, (own, value) => own with { Name = value }, (policy, value, _) => policy with { Name = value })
        {
            Default = "none",
            Summary = "a name for people, at most 64 characters",
        },
        new PortSetting<bool?>(
            "enabled",
            SettingForms.Switch,
            own => own.Enabled,
            (own, value) => own with { Enabled = value },
            (policy, value, _) => policy with { Enabled = value!.Value })
        {
            Default = "true",
            Summary = "false: not bound; the policy is kept",
        },
        new PortSetting<string?>(
            "notes", SettingForms.Text(1024), own =>
                own.Notes, (own, value) => own with { Notes = value }, (policy, value, _) => policy with { Notes = value })
        {
            Default = "none",
            Summary = "notes for people, at most 1,024 characters",
        },
        new PortSetting<string?>(
            "targetHost",
            SettingForms.Target,
            own => own.TargetHost,
            (own, value) => own with { TargetHost = value },
            (policy, value, _) => policy with { TargetHost = value })
        {
            Default = "the hub's `targetHost`",
            Summary = "name or address of the upstream",
            IsStricter = true,
            Option = "--to",
        },
        new PortSetting<int?>(
            "targetPort",
            SettingForms.TargetPort,
            own => own.TargetPort,
            (own, value) => own with { TargetPort = value },
            (policy, value, _) => policy with { TargetPort = value })
        {
            Default = "the same port",
            Summary = "port of the upstream",
            Option = "--to",
        },
        .. PoolSettings.All,
        .. TlsSettings.All,
        new PortSetting<ProxyProtocol?>(
            "proxyProtocol",
            SettingForms.Proxy,
            own => own.ProxyProtocol,
            (own, value) => own with { ProxyProtocol = value },
            (policy, value, _) => policy with { ProxyProtocol = value })
        {
            For = PortKinds.Tcp,
            Default = "the hub's `defaultProxyProtocol`",
            Summary = "the PROXY header towards the upstream: `v1`, `v2` or `off`",
            Instead = "for UDP there is udpProxyProtocol: \"each\", \"first\" or \"off\"",
            Option = "--proxy",
        },
        new PortSetting<UdpProxyProtocol?>(
            "udpProxyProtocol",
            SettingForms.UdpProxy,
            own => own.UdpProxyProtocol,
            (own, value) => own with { UdpProxyProtocol = value },
            (policy, value, _) => policy with { UdpProxyProtocol = value })
        {
            For = PortKinds.Udp,
            Default = "`each`, unless the hub's `defaultProxyProtocol` is `off`",
            Summary = "which datagrams carry a PROXY v2 header: `each`, the `first` of a session, or `off`",
            Instead = "for TCP there is proxyProtocol: \"v1\", \"v2\" or \"off\"",
            Option = "--proxy",
        },
        new PortSetting<bool?>(
            "proxyTlvs",
            SettingForms.Switch,
            own => own.ProxyTlvs,
            (own, value) => own with { ProxyTlvs = value },
            (policy, value, _) => policy with { ProxyTlvs = value })
        {
            Default = "false, and true where TLS ends at the hub",
            Summary =
                "more in the PROXY header, which is version 2 then: the connection's id and others, see [PROXY headers](proxy-headers.md)",
        },
        new PortSetting<int?>(
            "connectTimeout",
            SettingForms.Seconds(1, 3600),
            own => own.ConnectTimeout,
            (own, value) => own with { ConnectTimeout = value },
            (policy, value, _) => policy with { ConnectTimeout = TimeSpan.FromSeconds(value!.Value) })
        {
            For = PortKinds.Tcp,
            Default = "5",
            Summary = "seconds that the upstream may take to accept a connection, 1–3,600",
        },
        new PortSetting<int?>(
            "idleTimeout",
            SettingForms.Seconds(0, 86_400, "seconds (0: never)", leastUdp: 1),
            own => own.IdleTimeout,
            (own, value) => own with { IdleTimeout = value },
            EnforceIdleTimeout)
        {
            Default = "TCP 0, UDP 60",
            Summary = "seconds in which nothing passes either way, then the connection is reset or the session ends; 0: never (TCP)",
            OnWire = true,
        },
        new PortSetting<System.Net.IPAddress?>(
            "bindAddress",
            SettingForms.Address,
            own => own.BindAddress,
            (own, value) => own with { BindAddress = value },
            (policy, value, _) => policy with { Edge = policy.Edge with { BindAddress = value } })
        {
            Default = "the edge's",
            Summary = "where the edge binds the port. Only where the edge's own `bindAddress` is `::` or `0.0.0.0`",
            OnWire = true,
        },
        new PortSetting<bool?>(
            "acceptProxyProtocol",
            SettingForms.Switch,
            own => own.AcceptProxyProtocol,
            (own, value) => own with { AcceptProxyProtocol = value },
            (policy, value, _) => policy with { Edge = policy.Edge with { AcceptProxyProtocol = value!.Value } })
        {
            For = PortKinds.Tcp,
            Default = "false",
            Summary = "true: connections come from `trustedProxies` only, each with a PROXY header (v1 or v2) that names the client",
            OnWire = true,
        },
        new PortSetting<CidrSet?>(
            "trustedProxies",
            SettingForms.Cidrs,
            own => own.TrustedProxies,
            (own, value) => own with { TrustedProxies = value },
            (policy, value, _) => policy with { Edge = policy.Edge with { TrustedProxies = NullIfEmpty(value) } })
        {
            For = PortKinds.Tcp,
            Default = "none",
            Summary = "the balancers in front of the edge",
            OnWire = true,
        },
        new PortSetting<CidrSet?>(
            "allowCidrs",
            SettingForms.Cidrs,
            own => own.AllowCidrs,
            (own, value) => own with { AllowCidrs = value },
            (policy, value, _) => policy with { Edge = policy.Edge with { AllowCidrs = NullIfEmpty(value) } })
        {
            Default = "all",
            Summary = "addresses and CIDRs that are let in; an empty list is for all. Checked at the edge, and at the hub again",
            OnWire = true,
            Option = "--allow",
        },
        new PortSetting<CidrSet?>(
            "denyCidrs",
            SettingForms.Cidrs,
            own => own.DenyCidrs,
            (own, value) => own with { DenyCidrs = value },
            (policy, value, _) => policy with { Edge = policy.Edge with { DenyCidrs = NullIfEmpty(value) } })
        {
            Default = "none",
            Summary = "addresses and CIDRs that are turned away, also where `allowCidrs` lets them in",
            OnWire = true,
            Option = "--deny",
        },
        new PortSetting<AuthorizeDefinition?>(
            "authorizeUrl",
            AuthorizeForm.Form,
            own => own.AuthorizeUrl,
            (own, value) => own with { AuthorizeUrl = value },
            (policy, value, _) => policy with { Authorize = value })
        {
            For = PortKinds.Tcp,
            Default = "none",
            Summary = "the hub asks this URL whether a client may come in: see below",
        },
        new PortSetting<bool?>(
            "allowPrivateSources",
            SettingForms.Switch,
            own => own.AllowPrivateSources,
            (own, value) => own with { AllowPrivateSources = value },
            (policy, value, _) => policy with { AllowPrivateSources = value })
        {
            Default = "by the edge's address",
            Summary = "whether clients may have private addresses, or none: see Private sources",
        },
        new PortSetting<int?>(
            "maxConnections",
            Limit,
            own => own.MaxConnections,
            (own, value) => own with { MaxConnections = value },
            (policy, value, _) => policy with { Edge = policy.Edge with { MaxConnections = NullIfZero(value) } })
        {
            Default = "0",
            Summary = "connections or UDP sessions at once; 0: no limit",
            OnWire = true,
        },
        new PortSetting<int?>(
            "maxConnectionsPerIp",
            Limit,
            own => own.MaxConnectionsPerIp,
            (own, value) => own with { MaxConnectionsPerIp = value },
            (policy, value, _) => policy with { Edge = policy.Edge with { MaxConnectionsPerIp = NullIfZero(value) } })
        {
            Default = "0",
            Summary = "the same of one client; one IPv6 client is a whole /64",
            OnWire = true,
        },
        new PortSetting<int?>(
            "newConnectionsPerSecondPerIp",
            SettingForms.Number(0, MaxCount, "connections per second (0: no limit)"),
            own => own.NewConnectionsPerSecondPerIp,
            (own, value) => own with { NewConnectionsPerSecondPerIp = value },
            (policy, value, _) => policy with { Edge = policy.Edge with { NewConnectionsPerSecondPerIp = NullIfZero(value) } })
        {
            Default = "0",
            Summary = "new ones a second of one client, on the long run; 0: no limit",
            OnWire = true,
        },
        new PortSetting<int?>(
            "newConnectionsBurst",
            SettingForms.Number(0, MaxCount, "connections (0: as many as in one second)"),
            own => own.NewConnectionsBurst,
            (own, value) => own with { NewConnectionsBurst = value },
            (policy, value, _) => policy with { Edge = policy.Edge with { NewConnectionsBurst = NullIfZero(value) } })
        {
            Default = "0",
            Summary = "how many of them may come at once; 0: as many as in one second",
            OnWire = true,
        },
        new PortSetting<AdaptiveDefinition?>(
            "adaptive",
            AdaptiveForm.Form.One(),
            own => own.Adaptive,
            (own, value) => own with { Adaptive = value },
            (policy, value, _) => policy with { Adaptive = value, Edge = policy.Edge with { Adaptive = value!.Most } })
        {
            For = PortKinds.Tcp,
            Default = "none",
            Summary = "admits fewer new connections a second while targets accept them slowly: see Targets",
            OnWire = true,
        },
        new PortSetting<int?>(
            "uploadRate",
            SettingForms.Rate(1_000),
            own => own.UploadRate,
            (own, value) => own with { UploadRate = value },
            (policy, value, _) => policy with { Edge = policy.Edge with { UploadRate = NullIfZero(value) } })
        {
            Default = "0",
            Summary = "bytes per second of each connection or session from the client; 0: no limit, else at least 1,000",
            OnWire = true,
        },
        new PortSetting<int?>(
            "downloadRate",
            SettingForms.Rate(1_000),
            own => own.DownloadRate,
            (own, value) => own with { DownloadRate = value },
            (policy, value, _) => policy with { DownloadRate = NullIfZero(value) })
        {
            Default = "0",
            Summary = "the same to the client",
        },
        new PortSetting<bool?>(
            "amplificationGuard",
            SettingForms.Switch,
            own => own.AmplificationGuard,
            (own, value) => own with { AmplificationGuard = value },
            (policy, value, _) => policy with { Edge = policy.Edge with { AmplificationGuard = value!.Value } })
        {
            For = PortKinds.Udp,
            Default = "true",
            Summary = "until a client has sent a second datagram, it gets at most ten times the bytes of its first",
            OnWire = true,
        },
        new PortSetting<bool?>(
            "logConnections",
            SettingForms.Switch,
            own => own.LogConnections,
            (own, value) => own with { LogConnections = value },
            (policy, value, _) => policy with { Edge = policy.Edge with { LogConnections = value!.Value } })
        {
            Default = "false",
            Summary = "see `tunnel-hub connections`",
            OnWire = true,
        },
    ];

    private static readonly ObjectReader<PortPolicyDefinition> Reader = new(
        "{\"targetHost\": \"10.0.0.5\", \"targetPort\": 8443}",
        [.. All.Select(setting => new ObjectMember<PortPolicyDefinition>(setting.Name, setting.Read))]);

    /// <summary>Reads a policy; returns null, with a fault, when the value is not an object.</summary>
    public static PortPolicyDefinition? Read(WrittenValue value) =>
        Reader.TryRead(value, new PortPolicyDefinition(), out var policy) ? policy : null;

    /// <summary>Returns what is in force at a port: its own entry comes first, then the edge's default, then the built-in policy.</summary>
    public static PortPolicy Resolve(PortPolicyDefinition own, PortPolicyDefinition? fallback, bool udp)
    {
        var resolved = udp ? PortPolicy.DefaultUdp : PortPolicy.DefaultTcp;
        foreach (var setting in All)
            resolved = setting.Resolve(resolved, own, fallback, udp);
        return resolved;
    }

    // 0 ("never") can only come from an entry for TCP or from the default. UDP ignores it, because a UDP session has no other end.
    private static PortPolicy EnforceIdleTimeout(PortPolicy policy, int? seconds, bool udp) => seconds switch
    {
        0 when udp => policy,
        0 => policy with { IdleTimeout = null },
        _ => policy with { IdleTimeout = TimeSpan.FromSeconds(seconds!.Value), Edge = policy.Edge with { IdleTimeout = seconds } },
    };

    private static int? NullIfZero(int? value) => value is 0 ? null : value;

    private static CidrSet? NullIfEmpty(CidrSet? set) => set is { Count: 0 } ? null : set;
}
