using System.Net;
using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Targets.Pools;

/// <summary>Checks members of pools. One check serves all members with the same address that are checked in the same way.</summary>
internal interface IMemberChecks
{
    /// <summary>Begins to check a member, or adds it to those that share a check. Called under the pool's lock.</summary>
    IMemberCheck Join(MemberCheckKey key, TargetPool pool, PoolMember member);
}

/// <summary>A check that is repeated, and what it has found.</summary>
internal interface IMemberCheck
{
    MemberCheckKey Key { get; }

    /// <summary>False once enough checks in a row have failed, until enough have succeeded. True before the first one.</summary>
    bool IsUp { get; }

    /// <summary>Since when it is down, and why, in words; null while it is up.</summary>
    (DateTimeOffset Since, string Reason)? Outage { get; }

    /// <summary>Takes a member out of those that share the check; without any, it ends. Called under the pool's lock.</summary>
    void Leave(TargetPool pool, PoolMember member);
}

/// <summary>The address that is checked, and how.</summary>
/// <param name="Address">The address that is checked.</param>
/// <param name="Host">The host that an HTTP request or a TLS handshake names.</param>
/// <param name="Check">How it is checked.</param>
/// <param name="Proxy">The PROXY header before the check.</param>
internal sealed record MemberCheckKey(IPEndPoint Address, string Host, HealthCheckDefinition Check, ProxyProtocol Proxy)
{
    /// <summary>How a member of a pool is checked; null: not at all.</summary>
    public static MemberCheckKey? Of(PoolSpec spec, PoolMember member)
    {
        if (spec.Policy.HealthCheck is not { } check || !member.IsAllowed)
            return null;
        // Only TLS and HTTP name the host, and so only these tell two names of one address apart.
        var host = check.Type is HealthCheckType.Tcp or HealthCheckType.Udp ? "" : check.Host ?? member.Target.Host;
        return new MemberCheckKey(member.Address, host, check, check.ProxyProtocol ?? spec.Proxy);
    }
}
