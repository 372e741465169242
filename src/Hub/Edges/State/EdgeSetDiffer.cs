using System.Collections.Immutable;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.Secrets;

namespace Tunnel.Hub.Edges.State;

/// <summary>Compares two sets by edge and port.</summary>
internal static class EdgeSetDiffer
{
    private const int MaxNames = 10;

    public static EdgeSetDiff Compare(EdgeState before, EdgeState after)
    {
        var ids = before.Entries.Keys.Union(after.Entries.Keys).Order(StringComparer.Ordinal);
        return new EdgeSetDiff
        {
            Edges = [
                .. ids.Select(id => Compare(before.Entries.GetValueOrDefault(id), after.Entries.GetValueOrDefault(id))).OfType<EdgeDiff>()],
        };
    }

    /// <summary>Returns what the data path is told of a difference.</summary>
    public static EdgeSetChange ToChange(EdgeSetDiff diff) =>
        new(Ids(diff, EdgeDiffKind.Added), Ids(diff, EdgeDiffKind.Changed), Ids(diff, EdgeDiffKind.Removed));

    /// <summary>Returns the ids of what is different, the first ten of them, for the log.</summary>
    public static string Names(EdgeSetDiff diff) =>
        string.Join(", ", diff.Edges.Take(MaxNames).Select(edge => edge.Id)) + (diff.Edges.Length > MaxNames ? ", …" : "");

    private static ImmutableArray<string> Ids(EdgeSetDiff diff, EdgeDiffKind kind) =>
        [.. diff.Edges.Where(edge => edge.Kind == kind).Select(edge => edge.Id)];

    private static EdgeDiff? Compare(EdgeEntry? before, EdgeEntry? after)
    {
        if (ReferenceEquals(before, after))
            return null;
        if (before is null)
            return new EdgeDiff { Id = after!.Edge.Id, Kind = EdgeDiffKind.Added, PortsAdded = [.. Ports(after.Edge).Keys] };
        if (after is null)
            return new EdgeDiff { Id = before.Edge.Id, Kind = EdgeDiffKind.Removed, PortsRemoved = [.. Ports(before.Edge).Keys] };

        var (old, now) = (Ports(before.Edge), Ports(after.Edge));
        var diff = new EdgeDiff
        {
            Id = after.Edge.Id,
            Kind = EdgeDiffKind.Changed,
            PortsAdded = [.. now.Keys.Where(port => !old.ContainsKey(port))],
            PortsRemoved = [.. old.Keys.Where(port => !now.ContainsKey(port))],
            PortsChanged = [
                .. now.Where(port => old.TryGetValue(port.Key, out var policy) && policy != port.Value).Select(port => port.Key)],
            Members = [.. Members(before, after)],
        };
        return diff is { PortsAdded.IsEmpty: true, PortsRemoved.IsEmpty: true, PortsChanged.IsEmpty: true, Members.IsEmpty: true }
            ? null
            : diff;
    }

    // The ports are sorted as an operator reads them: TCP before UDP, ascending.
    private static OrderedDictionary<string, PortPolicy> Ports(AllowedEdge edge)
    {
        var ports = new OrderedDictionary<string, PortPolicy>(StringComparer.Ordinal);
        foreach (var port in edge.TcpPorts)
            ports.Add(PortKey.For(udp: false, port), edge.PolicyFor(udp: false, port));
        foreach (var port in edge.UdpPorts)
            ports.Add(PortKey.For(udp: true, port), edge.PolicyFor(udp: true, port));
        return ports;
    }

    private static IEnumerable<string> Members(EdgeEntry before, EdgeEntry after)
    {
        if (before.Edge.Enabled != after.Edge.Enabled)
            yield return "enabled";
        if (before.Edge.StunIntervalSecs != after.Edge.StunIntervalSecs)
            yield return "stunIntervalSecs";
        if (before.Edge.Definition.Dial != after.Edge.Definition.Dial)
            yield return "dial";
        if (before.Edge.Definition.DialAddress != after.Edge.Definition.DialAddress)
            yield return "dialAddress";
        if (!before.Edge.HasFirewallOf(after.Edge))
            yield return "firewallConfig";
        if (!Equals(before.Edge.Definition.TargetAllowCidrs, after.Edge.Definition.TargetAllowCidrs))
            yield return "targetAllowCidrs";
        if (!AreEqual(before.Secrets, after.Secrets))
            yield return "secret";
    }

    private static bool AreEqual(EdgeSecrets left, EdgeSecrets right) =>
        left.Items.Select(secret => (secret.Id, secret.ExpiresAt)).SequenceEqual(
            right.Items.Select(secret => (secret.Id, secret.ExpiresAt)));
}
