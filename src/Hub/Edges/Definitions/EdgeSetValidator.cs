using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Handshake;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>
/// Checks a whole set of edges and reports all faults at once. A clash with ports that other programs on the edge's machine use can't be
/// seen from here: the edge finds it when it binds, and says so in its REPORT.
/// </summary>
public static class EdgeSetValidator
{
    /// <summary>The number of ports that one edge may be assigned, TCP and UDP together: as many as an edge binds.</summary>
    public const int MaxPortsPerEdge = 16_384;

    /// <summary>
    /// The number of ports that all edges together may be assigned. The hub holds each of them ready for its clients, and a range of a few
    /// bytes may stand for thousands.
    /// </summary>
    public const int MaxPortsInAll = 1_048_576;

    /// <summary>
    /// The largest JSON of a set in bytes, as it is read; a set that is read can be put back with a secret for each edge.
    /// </summary>
    public const int MaxSetBytes = 8 << 20;

    /// <summary>The largest JSON of a firewall in bytes; a CONFIG with it stays well under its 4 MiB.</summary>
    public const int MaxFirewallBytes = 1 << 20;

    private const int MinStunInterval = 10;
    private const int MaxStunInterval = 86_400;

    /// <summary>Checks a set.</summary>
    /// <param name="edges">The whole set.</param>
    /// <param name="hasSecret">Returns whether an edge of that id already has a secret, which it may keep.</param>
    /// <param name="maxEdges">The number of edges that the set may have.</param>
    /// <param name="path">The JSON path of the set, such as <c>$</c> or <c>edges</c>.</param>
    /// <param name="isStored">True: the set was accepted before, so what only later versions refuse is not an error.</param>
    /// <param name="before">Returns the present definition of an edge; null: there was no set before.</param>
    public static EdgeSetFaults Validate(
        IReadOnlyList<EdgeDefinition> edges, Func<string, bool> hasSecret, int maxEdges, string path = "$", bool isStored = false,
        Func<string, EdgeDefinition?>? before = null)
    {
        var faults = new EdgeSetFaults(isStored);
        if (edges.Count > maxEdges)
            AddTooMany(edges.Count, maxEdges, path, faults.Errors);

        CheckTotal(0, CountPorts(edges), path, faults.Stricter);
        var firstById = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var index = 0; index < edges.Count; index++)
        {
            var id = edges[index].Id;
            Check(edges[index], before?.Invoke(id), hasSecret(id), $"{path}[{index}]", faults);
            if (!firstById.TryAdd(id, index) && id.Length > 0)
                faults.Errors.AddText($"{path}[{index}].id", id, $"is taken by {path}[{firstById[id]}] already; ids must be unique");
        }

        return faults;
    }

    /// <summary>Adds the fault that the set has too many edges.</summary>
    internal static void AddTooMany(int count, int maxEdges, string path, FaultList errors) =>
        errors.Add(path, $"{count} edges", $"at most {maxEdges} edges are allowed (setting limits.edges)");

    /// <summary>Checks that a growing set can still be read and put back whole.</summary>
    /// <param name="before">The bytes of its JSON before the change.</param>
    /// <param name="after">The bytes of its JSON after the change.</param>
    /// <param name="errors">Receives the fault.</param>
    internal static void CheckSize(long before, long after, FaultList errors)
    {
        if (after > MaxSetBytes && after > before)
        {
            errors.Add(
                "$", $"{after} bytes",
                $"all edges together may have at most {MaxSetBytes} bytes of JSON; take shorter firewalls and lists, or fewer edges");
        }
    }

    /// <summary>Checks that a growing set does not assign more ports than the hub holds.</summary>
    /// <param name="before">The ports of all edges before the change.</param>
    /// <param name="after">The ports of all edges after the change.</param>
    /// <param name="path">The JSON path of what was changed.</param>
    /// <param name="errors">Receives the fault.</param>
    internal static void CheckTotal(long before, long after, string path, FaultList errors)
    {
        if (after > MaxPortsInAll && after > before)
        {
            errors.Add(
                path, $"{after} ports",
                $"all edges together may have at most {MaxPortsInAll} ports; shorten ranges, or remove edges that are no longer needed");
        }
    }

    /// <summary>Counts the ports of a set. Impossible ranges, which have faults of their own, do not count.</summary>
    internal static long CountPorts(IEnumerable<EdgeDefinition> edges) => edges.Sum(static edge =>
        edge.ListenPorts.Concat(edge.ListenPortsUdp).Where(static range => range.IsPossible).Sum(static range => (long)range.Count));

    /// <summary>Checks one edge.</summary>
    /// <param name="edge">The edge as it is to be.</param>
    /// <param name="before">The edge as it is; null: there is none of that id.</param>
    /// <param name="hasSecret">Whether it has a secret, which it may keep.</param>
    /// <param name="path">Its JSON path.</param>
    /// <param name="faults">Receives the faults.</param>
    internal static void Check(EdgeDefinition edge, EdgeDefinition? before, bool hasSecret, string path, EdgeSetFaults faults)
    {
        if (!EdgeLine.IsValidEdgeId(edge.Id))
        {
            faults.Errors.AddText($"{path}.id", edge.Id, $"must be 1–{EdgeLine.MaxEdgeIdLength} of A-Z a-z 0-9 . _ -");
        }
        else if (!EdgeLine.IsValidNewEdgeId(edge.Id))
        {
            faults.Stricter.AddText(
                $"{path}.id", edge.Id, "is folded away where it stands in a URL's path; take another, such as \"edge-1\"");
        }

        CheckSecret(edge.Secret, hasSecret, path, faults.Errors);
        if (edge.StunIntervalSecs is not 0 and (< MinStunInterval or > MaxStunInterval))
        {
            faults.Errors.Add(
                $"{path}.stunIntervalSecs", $"{edge.StunIntervalSecs}", $"must be 0 (off) or {MinStunInterval}–{MaxStunInterval} seconds");
        }

        CheckDial(edge, path, faults.Errors);
        if (edge.FirewallConfig is { } firewall)
            CheckFirewall(firewall, $"{path}.firewallConfig", faults.Errors);
        ListenPortsValidator.Check(edge, path, faults);
        PortPolicyValidator.Check(edge, before, $"{path}.ports", faults);
    }

    private static void CheckDial(EdgeDefinition edge, string path, FaultList errors)
    {
        if (edge.Dial is not (null or DialTarget.ByEdge or DialTarget.ByHub))
            errors.AddText($"{path}.dial", edge.Dial, $"must be {DialTarget.ByEdge} or {DialTarget.ByHub}");
        else if (edge.Dial == DialTarget.ByHub && edge.DialAddress is null)
            errors.Add($"{path}.dialAddress", "(missing)", "is needed where the hub dials: where the edge awaits it, HOST or HOST:PORT");
        else if (edge.Dial != DialTarget.ByHub && edge.DialAddress is not null)
            errors.AddText($"{path}.dialAddress", edge.DialAddress, $"is only for edges with \"dial\": \"{DialTarget.ByHub}\"");
        else if (edge.DialAddress is { } address && !HostSyntax.TryParseHostAndPort(address, out _, out _))
            errors.AddText($"{path}.dialAddress", address, HostSyntax.FaultOfHost(address, HostSyntax.ValidHostAndPort));
    }

    internal static void CheckSecret(string? secret, bool hasSecret, string path, FaultList errors)
    {
        const string valid = "must be 16–256 printable ASCII characters without spaces";
        if (secret is null && !hasSecret)
            errors.Add($"{path}.secret", "(missing)", $"is needed for a new edge; it {valid}");
        else if (secret is not null && !EdgeLine.IsValidNewSecret(secret))
            errors.Add($"{path}.secret", Fault.Masked, valid);
    }

    private static void CheckFirewall(JsonElement firewall, string path, FaultList errors)
    {
        if (Encoding.UTF8.GetByteCount(firewall.GetRawText()) is var size && size > MaxFirewallBytes)
        {
            errors.Add(path, $"{size} bytes", $"must have at most {MaxFirewallBytes} bytes");
            return;
        }

        errors.AddRange(FirewallConfigReader.ReadFromOperator(firewall, path, out _));
    }
}

/// <summary>The faults that a validation found.</summary>
public sealed class EdgeSetFaults
{
    /// <param name="isStored">True: a set that was accepted before is checked, and what only later versions refuse must not keep the hub
    /// from starting.</param>
    internal EdgeSetFaults(bool isStored = false) => Stricter = isStored ? new FaultList() : Errors;

    internal FaultList Errors { get; } = new();

    internal FaultList Warnings { get; } = new();

    /// <summary>Faults that earlier versions accepted; in a new definition they are errors.</summary>
    internal FaultList Stricter { get; }

    /// <summary>True when there are no errors; there may be warnings.</summary>
    public bool IsValid => Errors.IsEmpty;

    /// <summary>The errors, which make the set invalid.</summary>
    public ImmutableArray<Fault> ErrorList => Errors.ToImmutable();

    /// <summary>The warnings: what is allowed but deserves a look.</summary>
    public ImmutableArray<Fault> WarningList => Warnings.ToImmutable();
}
