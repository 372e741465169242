using System.Collections.Immutable;
using System.Globalization;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>Checks the port policies of an edge.</summary>
internal static class PortPolicyValidator
{
    private const int MaxName = 64;
    private const int MaxNotes = 1024;
    private const int MaxConnectTimeout = 3600;
    private const int MaxIdleTimeout = 86_400;
    private const int MaxCount = 1_000_000;
    private const int MinRate = 1_000;
    private const string RemoveIt = "remove it here";

    // What an edge is sent stays well under the 4 MiB of a CONFIG: policies that take a list from the default are sent with it.
    private const int MaxCidrsPerEdge = 20_000;

    public static void Check(EdgeDefinition edge, string path, EdgeSetFaults faults)
    {
        var errors = faults.Errors;
        // In a fixed order, so that the same mistakes read the same every time.
        foreach (var (key, policy) in edge.Ports.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            var at = JsonPlace.Index(path, key);
            var udp = false;
            if (key != PortKey.Default && !PortKey.TryParse(key, out udp, out var port))
                errors.AddText(at, key, "is not a port; valid are \"tcp/443\", \"udp/53\" and \"default\"");
            else if (key != PortKey.Default && !IsListed(udp ? edge.ListenPortsUdp : edge.ListenPorts, port: int.Parse(key.AsSpan(4), CultureInfo.InvariantCulture)))
                errors.AddText(at, key, $"is not assigned to this edge; add it to {(udp ? "listenPortsUdp" : "listenPorts")} or remove its policy");
            CheckPolicy(policy, at, udp, errors);
            CheckHost(policy.TargetHost, at, faults.Stricter);
            if (key != PortKey.Default)
                CheckProtocol(policy, at, udp, faults.Stricter);
            if (key == PortKey.Default || !udp)
                CheckProxies(policy, edge.Ports.GetValueOrDefault(PortKey.Default), at, errors);
        }

        CheckSize(edge, path, errors);
    }

    private static void CheckSize(EdgeDefinition edge, string path, FaultList errors)
    {
        var fallback = edge.Ports.GetValueOrDefault(PortKey.Default);
        long count = 0;
        foreach (var (key, policy) in edge.Ports)
        {
            var resolved = policy.Resolve(fallback, udp: key.StartsWith("udp/", StringComparison.Ordinal)).Edge;
            count += (resolved.AllowCidrs?.Count ?? 0) + (resolved.DenyCidrs?.Count ?? 0) + (resolved.TrustedProxies?.Count ?? 0);
        }

        if (count > MaxCidrsPerEdge)
            errors.Add(path, $"{count} CIDRs", $"must have at most {MaxCidrsPerEdge} CIDRs in all entries, where an entry without a list has the default's");
    }

    private static void CheckProxies(PortPolicyDefinition policy, PortPolicyDefinition? fallback, string path, FaultList errors)
    {
        var resolved = policy.Resolve(fallback, udp: false).Edge;
        if (resolved is { AcceptProxyProtocol: true, TrustedProxies: null })
            errors.Add($"{path}.trustedProxies", "(missing)", "is needed with acceptProxyProtocol: the addresses of the balancers in front of the edge, such as [\"10.0.0.5\"]");
    }

    // What does nothing here looks like a setting that is in force. In the default both stand side by side.
    private static void CheckProtocol(PortPolicyDefinition policy, string path, bool udp, FaultList errors)
    {
        (string Name, object? Value, string Advice)[] others = udp
            ?
            [
                ("proxyProtocol", policy.ProxyProtocol, "for UDP there is udpProxyProtocol: \"each\", \"first\" or \"off\""),
                ("connectTimeout", policy.ConnectTimeout, RemoveIt), ("acceptProxyProtocol", policy.AcceptProxyProtocol, RemoveIt),
                ("trustedProxies", policy.TrustedProxies, RemoveIt), ("uploadRate", policy.UploadRate, RemoveIt), ("downloadRate", policy.DownloadRate, RemoveIt),
            ]
            : [("udpProxyProtocol", policy.UdpProxyProtocol, "for TCP there is proxyProtocol: \"v1\", \"v2\" or \"off\"")];
        foreach (var (name, value, advice) in others)
        {
            if (value is not null)
                errors.Add($"{path}.{name}", "(present)", $"does nothing here, since it is for {(udp ? "TCP" : "UDP")} ports; {advice}");
        }
    }

    private static void CheckRate(int? rate, string path, FaultList errors)
    {
        if (rate is not 0)
            CheckRange(rate, MinRate, int.MaxValue, path, "bytes per second (or 0: no limit)", errors);
    }

    private static bool IsListed(ImmutableArray<PortRange> ranges, int port) => ranges.Any(range => port >= range.First && port <= range.Last);

    private static void CheckPolicy(PortPolicyDefinition policy, string path, bool udp, FaultList errors)
    {
        CheckText(policy.Name, MaxName, $"{path}.name", errors);
        CheckText(policy.Notes, MaxNotes, $"{path}.notes", errors);
        CheckRange(policy.TargetPort, 1, 65535, $"{path}.targetPort", "a port", errors);
        CheckRange(policy.ConnectTimeout, 1, MaxConnectTimeout, $"{path}.connectTimeout", "seconds", errors);
        CheckRange(policy.IdleTimeout, udp ? 1 : 0, MaxIdleTimeout, $"{path}.idleTimeout", udp ? "seconds" : "seconds (0: never)", errors);
        CheckRange(policy.MaxConnections, 0, MaxCount, $"{path}.maxConnections", "connections (0: no limit)", errors);
        CheckRange(policy.MaxConnectionsPerIp, 0, MaxCount, $"{path}.maxConnectionsPerIp", "connections (0: no limit)", errors);
        CheckRange(policy.NewConnectionsPerSecondPerIp, 0, MaxCount, $"{path}.newConnectionsPerSecondPerIp", "connections per second (0: no limit)", errors);
        CheckRange(policy.NewConnectionsBurst, 0, MaxCount, $"{path}.newConnectionsBurst", "connections (0: as many as in one second)", errors);
        CheckRate(policy.UploadRate, $"{path}.uploadRate", errors);
        CheckRate(policy.DownloadRate, $"{path}.downloadRate", errors);
    }

    private static void CheckHost(string? host, string path, FaultList errors)
    {
        if (host is not null && !HostSyntax.IsHost(host))
            errors.AddText($"{path}.targetHost", host, HostSyntax.FaultOfHost(host, $"{HostSyntax.ValidHost} (that is targetPort)"));
    }

    private static void CheckText(string? text, int maxLength, string path, FaultList errors)
    {
        if (text is not null && (text.Length > maxLength || text.Any(c => char.IsControl(c) && c is not '\n')))
            errors.AddText(path, text, $"must have at most {maxLength} characters and no control characters");
    }

    private static void CheckRange(int? value, int least, int most, string path, string what, FaultList errors)
    {
        if (value is { } number && (number < least || number > most))
            errors.Add(path, number.ToString(CultureInfo.InvariantCulture), string.Create(CultureInfo.InvariantCulture, $"must be {least}–{most}: {what}"));
    }
}
