using System.Collections.Immutable;
using System.Globalization;

namespace Tunnel.Hub.Edges;

/// <summary>Checks the port policies of an edge (product.md section 3).</summary>
internal static class PortPolicyValidator
{
    private const int MaxName = 64;
    private const int MaxNotes = 1024;
    private const int MaxConnectTimeout = 3600;
    private const int MaxIdleTimeout = 86_400;

    public static void Check(EdgeDefinition edge, string path, FaultList errors)
    {
        // In a fixed order, so that the same mistakes read the same every time.
        foreach (var (key, policy) in edge.Ports.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            var at = JsonMembers.Index(path, key);
            var udp = false;
            if (key != PortKey.Default && !PortKey.TryParse(key, out udp, out var port))
                errors.AddText(at, key, "is not a port; valid are \"tcp/443\", \"udp/53\" and \"default\"");
            else if (key != PortKey.Default && !IsListed(udp ? edge.ListenPortsUdp : edge.ListenPorts, port: int.Parse(key.AsSpan(4), CultureInfo.InvariantCulture)))
                errors.AddText(at, key, $"is not assigned to this edge; add it to {(udp ? "listenPortsUdp" : "listenPorts")} or remove its policy");
            CheckPolicy(policy, at, udp, errors);
        }
    }

    private static bool IsListed(ImmutableArray<PortRange> ranges, int port) => ranges.Any(range => port >= range.First && port <= range.Last);

    private static void CheckPolicy(PortPolicyDefinition policy, string path, bool udp, FaultList errors)
    {
        CheckText(policy.Name, MaxName, $"{path}.name", errors);
        CheckText(policy.Notes, MaxNotes, $"{path}.notes", errors);
        if (policy.TargetHost is { } host && !HostSyntax.IsHost(host))
            errors.AddText($"{path}.targetHost", host, "must be a host name or an IP address, without a port (that is targetPort)");
        CheckRange(policy.TargetPort, 1, 65535, $"{path}.targetPort", "a port", errors);
        CheckRange(policy.ConnectTimeout, 1, MaxConnectTimeout, $"{path}.connectTimeout", "seconds", errors);
        CheckRange(policy.IdleTimeout, udp ? 1 : 0, MaxIdleTimeout, $"{path}.idleTimeout", udp ? "seconds" : "seconds (0: never)", errors);
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
