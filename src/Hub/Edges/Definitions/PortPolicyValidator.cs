using System.Net;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>Checks the port policies of an edge.</summary>
internal static class PortPolicyValidator
{
    // The limit keeps a CONFIG well under its 4 MiB: a policy that takes a list from the default is sent with a copy of it.
    internal const int MaxCidrsPerEdge = 20_000;

    public static void Check(EdgeDefinition edge, EdgeDefinition? before, string path, EdgeSetFaults faults)
    {
        var errors = faults.Errors;
        var known = new List<PortKey>();
        var files = new TlsFiles(before);
        // The order is fixed, so that the same faults are reported in the same way every time.
        foreach (var (key, policy) in edge.Ports.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            var at = JsonPlace.Index(path, key);
            var udp = false;
            if (key != PortKey.Default)
            {
                if (!PortKey.TryParse(key, out var port))
                    errors.AddText(at, key, $"is not a port; {PortKey.Valid}");
                else
                    CheckPlace(edge, port, known, at, errors);
                udp = port.Udp;
            }

            foreach (var setting in PortSettings.All)
            {
                setting.Check(policy, at, udp, setting.IsStricter ? faults.Stricter : errors);
                if (key != PortKey.Default)
                    CheckKind(setting, policy, at, udp, faults.Stricter);
            }

            files.Check(policy, at, faults);
            if (policy is { Targets: not null, TargetHost: { } host })
                errors.AddText($"{at}.targetHost", host, "does nothing beside targets; name it there, or remove one of the two");
            CheckTargets(policy, edge.TargetAllowCidrs, at, faults);
            if (key == PortKey.Default || !udp)
                CheckProxies(policy, edge.Ports.GetValueOrDefault(PortKey.Default), at, errors);
            if (key != PortKey.Default)
                CheckResolved(policy.Resolve(edge.Ports.GetValueOrDefault(PortKey.Default), udp), udp, at, errors);
        }

        CheckSize(edge, path, errors);
    }

    // Where a name leads only the connection shows, so that only addresses are checked here.
    private static void CheckTargets(PortPolicyDefinition policy, CidrSet? allowed, string path, EdgeSetFaults faults)
    {
        var rule = new TargetRule(null, allowed is { Count: > 0 } ? allowed : null);
        Check(policy.TargetHost, $"{path}.targetHost");
        if (Uri.TryCreate(policy.AuthorizeUrl?.Url, UriKind.Absolute, out var url))
            Check(url.Host, $"{path}.authorizeUrl");
        for (var index = 0; index < policy.Targets?.Count; index++)
            Check(policy.Targets[index].Host, $"{path}.targets[{index}].host");
        for (var route = 0; route < policy.Routes?.Count; route++)
        {
            for (var index = 0; index < policy.Routes[route].Targets?.Count; index++)
                Check(policy.Routes[route].Targets![index].Host, $"{path}.routes[{route}].targets[{index}].host");
        }

        void Check(string? host, string at)
        {
            if (!IPAddress.TryParse(host, out var address) || rule.Allows(address))
                return;
            if (rule.OfEdge is not null)
                faults.Errors.AddText(at, host, "is not among the edge's targetAllowCidrs; list it there, or take another target");
            else
                faults.Warnings.AddText(at, host, "is a metadata address of clouds, which is refused unless targetAllowCidrs list it");
        }
    }

    private static void CheckSize(EdgeDefinition edge, string path, FaultList errors)
    {
        var fallback = edge.Ports.GetValueOrDefault(PortKey.Default);
        long count = 0;
        foreach (var (key, policy) in edge.Ports)
        {
            // The edge is sent an entry for each port of a range.
            var ports = PortKey.TryParse(key, out var port) ? port.Ports.Count : 1;
            var resolved = policy.Resolve(fallback, port.Udp).Edge;
            count += ports * (long)(
                (resolved.AllowCidrs?.Count ?? 0) + (resolved.DenyCidrs?.Count ?? 0) + (resolved.TrustedProxies?.Count ?? 0));
        }

        if (count > MaxCidrsPerEdge)
        {
            errors.Add(
                path, $"{count} CIDRs",
                $"must have at most {MaxCidrsPerEdge} CIDRs in all entries, where an entry without a list has the default's");
        }
    }

    private static void CheckProxies(PortPolicyDefinition policy, PortPolicyDefinition? fallback, string path, FaultList errors)
    {
        var resolved = policy.Resolve(fallback, udp: false).Edge;
        if (resolved is { AcceptProxyProtocol: true, TrustedProxies: null })
        {
            errors.Add(
                $"{path}.trustedProxies", "(missing)",
                "is needed with acceptProxyProtocol: the addresses of the balancers in front of the edge, such as [\"10.0.0.5\"]");
        }
    }

    private static void CheckResolved(PortPolicy resolved, bool udp, string path, FaultList errors)
    {
        if (resolved.ProxyTlvs == true)
            CheckTlvs(resolved, udp, path, errors);
        if (resolved is { Routes: not null, Tls: null })
            errors.Add($"{path}.tls", "(missing)", "is needed with routes: {\"passthrough\": true} reads the name that a client asks for");
        if (resolved is { UpstreamTls: not null, Tls: { Terminates: false } })
            errors.Add($"{path}.upstreamTls", "(present)", "would wrap the clients' own TLS, which passthrough carries; remove one");
        if (resolved is { Tls: { StrictSni: true, Terminates: false }, Routes: null })
            errors.Add($"{path}.tls.strictSni", "true", "refuses every client without routes, which say the names that are allowed");
    }

    // Version 1 is a line that has no room for anything else.
    private static void CheckTlvs(PortPolicy resolved, bool udp, string path, FaultList errors)
    {
        if (!udp && resolved.ProxyProtocol is ProxyProtocol.Off or ProxyProtocol.V1)
            errors.Add($"{path}.proxyTlvs", "true", "needs \"proxyProtocol\": \"v2\", or leave that out: v1 and off have no such fields");
        else if (udp && resolved.UdpProxyProtocol == UdpProxyProtocol.Off)
            errors.Add($"{path}.proxyTlvs", "true", "needs \"udpProxyProtocol\": \"each\" or \"first\": off has no such fields");
    }

    // A setting without effect here would look as if it were in force. The default entry may hold settings of both kinds.
    private static void CheckKind(PortSetting setting, PortPolicyDefinition policy, string path, bool udp, FaultList errors)
    {
        if (!setting.IsFor(udp) && setting.IsIn(policy))
        {
            errors.Add(
                $"{path}.{setting.Name}", "(present)",
                $"does nothing here, since it is for {(udp ? "TCP" : "UDP")} ports; {setting.Instead}");
        }
    }

    private static void CheckPlace(EdgeDefinition edge, PortKey port, List<PortKey> known, string path, FaultList errors)
    {
        if (!EdgePorts.IsAssigned(edge, port))
        {
            errors.AddText(
                path, port.ToString(),
                $"is not assigned to this edge; add it to {(port.Udp ? "listenPortsUdp" : "listenPorts")} or remove its policy");
        }

        foreach (var other in known.Where(other => other.Overlaps(port)))
            errors.AddText(path, port.ToString(), $"has a port in common with the entry \"{other}\"; each port has one entry");
        known.Add(port);
    }
}
