namespace Tunnel.Hub.Edges.Definitions;

/// <summary>The settings of a port's pool: rows of <see cref="PortSettings"/>.</summary>
internal static class PoolSettings
{
    /// <summary>The rows, in the order in which they are shown.</summary>
    public static readonly PortSetting[] All =
    [
        new PortSetting<TargetList?>(
            "targets",
            PoolForms.Targets,
            own => own.Targets,
            (own, value) => own with { Targets = value },
            (policy, value, _) => policy with { Pool = Pool(policy) with { Targets = value } })
        {
            Default = "`targetHost` alone",
            Summary = "a pool of upstreams in place of `targetHost`: see Targets",
        },
        new PortSetting<Balance?>(
            "balance",
            PoolForms.Balances,
            own => own.Balance,
            (own, value) => own with { Balance = value },
            (policy, value, _) => policy with { Pool = Pool(policy) with { Balance = value!.Value } })
        {
            Default = "`weightedRoundRobin`",
            Summary = "how a target is chosen: `weightedRoundRobin`, `leastConnections`, `sourceHash` or `random2`",
        },
        new PortSetting<HealthCheckDefinition?>(
            "healthCheck",
            HealthCheckForm.Form.One(),
            own => own.HealthCheck,
            (own, value) => own with { HealthCheck = value },
            (policy, value, _) => policy with { Pool = Pool(policy) with { HealthCheck = value } })
        {
            Default = "none",
            Summary = "asks each target again and again whether it works: see Targets",
        },
        new PortSetting<BreakerDefinition?>(
            "breaker",
            PoolForms.Breaker.One(),
            own => own.Breaker,
            (own, value) => own with { Breaker = value },
            (policy, value, _) => policy with { Pool = Pool(policy) with { Breaker = value } })
        {
            Default = "none",
            Summary = "takes a target out whose connections fail, and tries it again: see Targets",
        },
        new PortSetting<int?>(
            "panicThreshold",
            PoolForms.Percent,
            own => own.PanicThreshold,
            (own, value) => own with { PanicThreshold = value },
            (policy, value, _) => policy with { Pool = Pool(policy) with { PanicThreshold = value!.Value } })
        {
            Default = "0",
            Summary = "when less than this share of the targets can be used, in percent, all are used; 0: never",
        },
        new PortSetting<int?>(
            "slowStart",
            PoolForms.SlowStart,
            own => own.SlowStart,
            (own, value) => own with { SlowStart = value },
            (policy, value, _) => policy with { Pool = Pool(policy) with { SlowStart = TimeSpan.FromSeconds(value!.Value) } })
        {
            Default = "by good checks",
            Summary = "seconds in which a recovered target gets 25, 50, 75 and 100 % of its weight; 0: at once",
        },
    ];

    private static PoolPolicy Pool(PortPolicy policy) => policy.Pool ?? new PoolPolicy();
}
