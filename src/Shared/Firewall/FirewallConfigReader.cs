using System.Collections.Immutable;
using System.Text.Json;
using Tunnel.Shared.Configuration;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Firewall;

/// <summary>
/// Reads <c>firewallConfig</c> and finds everything that is wrong with it at once. Used by the hub for what operators write, and by the edge for
/// what a hub sends: an edge believes no hub.
/// </summary>
public sealed class FirewallConfigReader
{
    /// <summary>Addresses and CIDRs of one configuration.</summary>
    public const int MaxBlocked = 50_000;

    /// <summary>Rate limits of one configuration.</summary>
    public const int MaxRateLimits = 256;

    /// <summary>Rules of one configuration.</summary>
    public const int MaxRules = 1_000;

    /// <summary>Timed blocks of one edge.</summary>
    public const int MaxTimedBlocks = 10_000;

    /// <summary>Seconds of the longest timed block: a year.</summary>
    public const int MaxBlockSeconds = 365 * 86_400;

    /// <summary>The member that a hub adds; operators use the blocks' own commands.</summary>
    public const string TimedBlocksMember = "timedBlocks";

    private static readonly string[] Members = ["blockedIps", "rateLimits", "rules"];
    private static readonly string[] LimitMembers = ["id", "port", "protocol", "rate", "burst", "perSourceIP"];
    private static readonly string[] RuleMembers = ["id", "direction", "action", "sourceIP", "destPort", "protocol", "comment"];
    private static readonly string[] BlockMembers = ["ip", "seconds"];

    private readonly FirewallFaultList _faults = new();
    private readonly FirewallMembers _values;
    private readonly bool _fromOperator;

    private FirewallConfigReader(bool fromOperator) => (_fromOperator, _values) = (fromOperator, new FirewallMembers(_faults));

    /// <summary>Reads what an operator wrote: an unknown member is a fault.</summary>
    /// <param name="json">The value of <c>firewallConfig</c>.</param>
    /// <param name="path">Where it stands.</param>
    /// <param name="config">The configuration; meaningless if there are faults.</param>
    /// <returns>What is wrong.</returns>
    public static ImmutableArray<FirewallFault> ReadFromOperator(JsonElement json, string path, out FirewallConfig config) =>
        new FirewallConfigReader(fromOperator: true).Read(json, path, out config);

    /// <summary>Reads what a hub sent: unknown members are ignored (protocol.md section 2.3), and there may be timed blocks.</summary>
    /// <param name="json">The value of <c>firewallConfig</c>.</param>
    /// <param name="config">The configuration; meaningless if there are faults.</param>
    /// <returns>What is wrong.</returns>
    public static ImmutableArray<FirewallFault> ReadFromHub(JsonElement json, out FirewallConfig config) =>
        new FirewallConfigReader(fromOperator: false).Read(json, "firewallConfig", out config);

    private delegate T? ReadItem<T>(JsonElement json, string path);

    private ImmutableArray<FirewallFault> Read(JsonElement json, string path, out FirewallConfig config)
    {
        config = FirewallConfig.Empty;
        try
        {
            config = ReadMembers(json, path);
        }
        catch (InvalidOperationException)
        {
            // What JsonElement throws for an escaped half of a surrogate pair.
            _faults.Add(path, "…", "has a string that is not valid Unicode");
        }

        return _faults.ToImmutable();
    }

    private FirewallConfig ReadMembers(JsonElement json, string path)
    {
        var read = FirewallConfig.Empty;
        Each(json, path, "{\"blockedIps\": [], \"rateLimits\": [], \"rules\": []}", _fromOperator ? Members : [.. Members, TimedBlocksMember], (name, value, at) =>
            read = name switch
            {
                "blockedIps" => read with { BlockedIps = List(value, at, MaxBlocked, (item, where) => _values.Source(item, where)) },
                "rateLimits" => read with { RateLimits = Unique(List(value, at, MaxRateLimits, ReadLimit), limit => limit.Id, at) },
                "rules" => read with { Rules = Unique(List(value, at, MaxRules, ReadRule), rule => rule.Id, at) },
                _ => read with { TimedBlocks = List(value, at, MaxTimedBlocks, ReadBlock) },
            });
        return read;
    }

    private RateLimit? ReadLimit(JsonElement json, string path)
    {
        var limit = new RateLimit("", 0, TransportProtocol.Both, default, 0, PerSource: false);
        Each(json, path, "{\"id\": \"web\", \"port\": 443, \"rate\": \"100/second\", \"perSourceIP\": true}", LimitMembers, (name, value, at) =>
            limit = name switch
            {
                "id" => limit with { Id = _values.Id(value, at) },
                "port" => limit with { Port = _values.Number(value, at, Protocol.Port.Min, Protocol.Port.Max) },
                "protocol" => limit with { Protocol = ReadProtocol(value, at) },
                "rate" => limit with { Rate = _values.Rate(value, at) },
                "burst" => limit with { Burst = _values.Number(value, at, 1, PacketRate.MaxCount) },
                _ => limit with { PerSource = _values.Boolean(value, at) },
            },
            "id", "port", "rate");
        return limit with { Burst = limit.Burst == 0 ? limit.Rate.Count : limit.Burst };
    }

    private FirewallRule? ReadRule(JsonElement json, string path)
    {
        var rule = new FirewallRule("", FirewallDirection.Input, FirewallAction.Accept, null, null, TransportProtocol.Both);
        Each(json, path, "{\"id\": \"no-smtp\", \"direction\": \"input\", \"action\": \"drop\", \"destPort\": 25}", RuleMembers, (name, value, at) =>
        {
            switch (name)
            {
                case "id":
                    rule = rule with { Id = _values.Id(value, at) };
                    break;
                case "direction":
                    rule = rule with { Direction = _values.Word(value, at, ("input", FirewallDirection.Input), ("output", FirewallDirection.Output), ("forward", FirewallDirection.Forward)) };
                    break;
                case "action":
                    rule = rule with { Action = _values.Word(value, at, ("accept", FirewallAction.Accept), ("drop", FirewallAction.Drop), ("reject", FirewallAction.Reject)) };
                    break;
                case "sourceIP":
                    rule = rule with { Source = _values.Source(value, at) };
                    break;
                case "destPort":
                    rule = rule with { DestinationPorts = _values.Ports(value, at) };
                    break;
                case "protocol":
                    rule = rule with { Protocol = ReadProtocol(value, at) };
                    break;
                default:
                    _values.Comment(value, at);
                    break;
            }
        },
        "id", "direction", "action");
        return rule;
    }

    private TimedBlock? ReadBlock(JsonElement json, string path)
    {
        IpRange? source = null;
        var seconds = 0;
        Each(json, path, "{\"ip\": \"192.0.2.7\", \"seconds\": 3600}", BlockMembers, (name, value, at) =>
        {
            if (name == "ip")
                source = _values.Source(value, at);
            else
                seconds = _values.Number(value, at, 1, MaxBlockSeconds);
        },
        BlockMembers);
        return source is { } range ? new TimedBlock(range, seconds) : null;
    }

    private TransportProtocol ReadProtocol(JsonElement value, string path) =>
        _values.Word(value, path, ("both", TransportProtocol.Both), ("tcp", TransportProtocol.Tcp), ("udp", TransportProtocol.Udp));

    private void Each(JsonElement json, string path, string example, string[] known, Action<string, JsonElement, string> read, params string[] needed)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            _faults.Add(path, json, $"must be an object: {example}");
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in json.EnumerateObject())
        {
            // Not the member's own name, which is the peer's and may be anything.
            if (Array.Find(known, name => member.NameEquals(name)) is not { } name)
                AddUnknown(member, path, known);
            else if (!seen.Add(name))
                _faults.Add($"{path}.{name}", member.Value, "is given twice");
            else if (member.Value.ValueKind != JsonValueKind.Null)
                read(name, member.Value, $"{path}.{name}");
            else
                seen.Remove(name);
        }

        foreach (var name in needed)
            if (!seen.Contains(name))
                _faults.Add($"{path}.{name}", "(missing)", $"is needed, as in {example}");
    }

    private void AddUnknown(JsonProperty member, string path, string[] known)
    {
        if (!_fromOperator)
            return;
        var isName = member.Name.Length <= 40 && member.Name.All(char.IsAsciiLetterOrDigit);
        var nearest = isName ? SettingName.Nearest(member.Name, known) : null;
        var shown = isName ? $"{path}.{member.Name}" : $"{path}[…]";
        var message = member.NameEquals(TimedBlocksMember) ? "is the hub's own; block for a while with: tunnel-hub firewall block IP --for 1h"
            : nearest is null ? $"is not known; valid are {string.Join(", ", known)}" : $"is not known; did you mean \"{nearest}\"?";
        _faults.Add(shown, "(unknown member)", message);
    }

    private ImmutableArray<T> List<T>(JsonElement json, string path, int max, ReadItem<T> read)
        where T : class => [.. Items(json, path, max).Select(item => read(item.Json, item.Path)).OfType<T>()];

    private ImmutableArray<IpRange> List(JsonElement json, string path, int max, Func<JsonElement, string, IpRange?> read) =>
        [.. Items(json, path, max).Select(item => read(item.Json, item.Path)).OfType<IpRange>()];

    private IEnumerable<(JsonElement Json, string Path)> Items(JsonElement json, string path, int max)
    {
        if (json.ValueKind != JsonValueKind.Array)
            _faults.Add(path, json, "must be a list");
        else if (json.GetArrayLength() is var count && count > max)
            _faults.Add(path, $"{count} entries", $"must have at most {max}");
        else
            return json.EnumerateArray().Select((item, index) => (item, $"{path}[{index}]"));
        return [];
    }

    private ImmutableArray<T> Unique<T>(ImmutableArray<T> items, Func<T, string> idOf, string path)
    {
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var index = 0; index < items.Length; index++)
        {
            var id = idOf(items[index]);
            if (id.Length > 0 && !first.TryAdd(id, index))
                _faults.Add($"{path}[{index}].id", $"\"{id}\"", $"is taken by {path}[{first[id]}] already; ids must be unique");
        }

        return items;
    }
}
