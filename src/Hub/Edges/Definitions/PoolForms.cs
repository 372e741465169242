using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>How targets and what goes with them are written.</summary>
internal static class PoolForms
{
    private const int MaxThreshold = 1_000;
    private const int MaxSeconds = 3_600;

    /// <summary>One target.</summary>
    public static readonly ObjectForm<TargetDefinition> Target = new(
        "{\"host\": \"10.0.0.5\", \"port\": 8443}",
        new TargetDefinition(),
        new ObjectSetting<TargetDefinition, string?>(
            "host", SettingForms.Target, own => own.Host.Length > 0 ? own.Host : null, (own, value) => own with { Host = value ?? "" })
        {
            Summary = "name or address; each address of a name is a member of the pool",
            Needed = "is needed: the target's name or address",
        },
        new ObjectSetting<TargetDefinition, int?>(
            "port", SettingForms.Number(1, 65535, "a port"), own => own.Port, (own, value) => own with { Port = value })
        {
            Summary = "its port; without it `targetPort`, or the port that the client connected to",
        },
        new ObjectSetting<TargetDefinition, int?>(
            "weight", SettingForms.Number(0, 1_000, "a share"), own => own.Weight, (own, value) => own with { Weight = value })
        {
            Summary = "its share of the clients, 0–1,000; 1 by default, and 0 gives it no new ones",
        },
        new ObjectSetting<TargetDefinition, bool?>(
            "backup", SettingForms.Switch, own => own.Backup, (own, value) => own with { Backup = value })
        {
            Summary = "true: used only when no other target can be",
        },
        new ObjectSetting<TargetDefinition, int?>(
            "maxConnections", SettingForms.Number(0, 1_000_000, "connections (0: no limit)"), own => own.MaxConnections,
            (own, value) => own with { MaxConnections = value })
        {
            Summary = "connections or sessions that each of its addresses may have at once; 0: no limit",
        });

    /// <summary>The targets of a pool; an option names each as <c>HOST[:PORT][,NAME=VALUE…]</c>.</summary>
    public static readonly SettingForm<TargetList?> Targets = new(
        "HOST[:PORT][,weight=N][,backup]", ReadTargets, CheckTargets, TargetsOf,
        new SettingSchema(SettingType.List, Most: TargetList.MaxCount) { Item = Target.Schema });

    public static readonly SettingForm<Balance?> Balances = SettingForms.Word(
        ("weightedRoundRobin", Balance.WeightedRoundRobin), ("leastConnections", Balance.LeastConnections),
        ("sourceHash", Balance.SourceHash), ("random2", Balance.Random2));

    /// <summary>The circuit breaker.</summary>
    public static readonly ObjectForm<BreakerDefinition> Breaker = new(
        "{\"failureThreshold\": 5, \"openTimeout\": 30}",
        new BreakerDefinition(),
        new ObjectSetting<BreakerDefinition, int?>(
            "failureThreshold", SettingForms.Number(1, MaxThreshold, "failures in a row"), own => own.FailureThreshold,
            (own, value) => own with { FailureThreshold = value })
        {
            Summary = "how many connections in a row have to fail before the member gets none; 5 by default",
        },
        new ObjectSetting<BreakerDefinition, int?>(
            "openTimeout", SettingForms.Seconds(1, MaxSeconds), own => own.OpenTimeout,
            (own, value) => own with { OpenTimeout = value })
        {
            Summary = "seconds until it is tried again; 30 by default",
        },
        new ObjectSetting<BreakerDefinition, int?>(
            "halfOpenMaxRequests", SettingForms.Number(1, MaxThreshold, "connections"), own => own.HalfOpenMaxRequests,
            (own, value) => own with { HalfOpenMaxRequests = value })
        {
            Summary = "how many are tried at once then; 3 by default",
        },
        new ObjectSetting<BreakerDefinition, int?>(
            "successThreshold", SettingForms.Number(1, MaxThreshold, "successes"), own => own.SuccessThreshold,
            (own, value) => own with { SuccessThreshold = value })
        {
            Summary = "how many of these have to succeed before it is used as before; 2 by default",
        });

    /// <summary>A share in percent.</summary>
    public static readonly SettingForm<int?> Percent = SettingForms.Number(0, 100, "percent (0: never)");

    /// <summary>Seconds in which a member comes back.</summary>
    public static readonly SettingForm<int?> SlowStart = SettingForms.Seconds(0, MaxSeconds, "seconds (0: at once)");

    private static TargetList? ReadTargets(WrittenValue value)
    {
        var targets = ImmutableArray.CreateBuilder<TargetDefinition>();
        foreach (var item in value.Items(TargetList.MaxCount, "must be a list of targets: [{\"host\": \"10.0.0.5\", \"port\": 8443}]"))
        {
            // A placeholder keeps the places of the others, so that later faults name the right one.
            targets.Add(Target.Read(item) ?? new TargetDefinition());
        }

        return new TargetList(targets.ToImmutable());
    }

    private static void CheckTargets(TargetList? targets, string path, bool udp, FaultList faults)
    {
        if (targets!.Count == 0)
            faults.Add(path, "[]", "must have at least one target; without this member the port has its targetHost alone");
        else if (targets.All(target => target.Weight == 0))
            faults.Add(path, "weight 0", "must have a target whose weight is not 0, since those with 0 get no clients");
        var seen = new HashSet<(string Host, int? Port)>();
        for (var i = 0; i < targets.Count; i++)
        {
            Target.Check(targets[i], $"{path}[{i}]", udp, faults);
            if (targets[i].Host.Length > 0 && !seen.Add((targets[i].Host, targets[i].Port)))
                faults.AddText($"{path}[{i}].host", targets[i].Host, "is in the list with the same port already; raise its weight instead");
        }
    }

    private static JsonNode? TargetsOf(IReadOnlyList<string> words, PortKinds kind) =>
        new JsonArray([.. words.Select(word => TargetOf(word, kind))]);

    private static JsonNode? TargetOf(string word, PortKinds kind)
    {
        if (word.StartsWith('{'))
            return Target.FromWord(word, [], kind);
        var comma = word.IndexOf(',', StringComparison.Ordinal);
        var place = comma < 0 ? word : word[..comma];
        // A text that is no host is passed on, so that the hub reports it as it was written.
        var target = HostSyntax.TryParseHostAndPort(place, out var host, out var port)
            ? new JsonObject { ["host"] = host }
            : new JsonObject { ["host"] = place };
        if (port is { } number)
            target["port"] = number;
        return comma < 0 ? target : Target.FromWord(word[(comma + 1)..], target, kind);
    }
}
