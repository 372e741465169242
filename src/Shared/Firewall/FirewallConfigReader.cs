using System.Collections.Immutable;
using System.Text.Json;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Shared.Firewall;

/// <summary>
/// Reads <c>firewallConfig</c> and finds everything that is wrong with it at once. The hub uses it for what operators write, and the edge
/// uses it for what a hub sends, because an edge trusts no hub.
/// </summary>
public sealed class FirewallConfigReader
{
    /// <summary>The most addresses and CIDRs in one configuration.</summary>
    public const int MaxBlocked = 50_000;

    /// <summary>The most rate limits in one configuration.</summary>
    public const int MaxRateLimits = 256;

    /// <summary>The most rules in one configuration.</summary>
    public const int MaxRules = 1_000;

    /// <summary>The most timed blocks of one edge.</summary>
    public const int MaxTimedBlocks = 10_000;

    /// <summary>The longest timed block in seconds: a year.</summary>
    public const int MaxBlockSeconds = 365 * 86_400;

    /// <summary>The member that a hub adds; operators use the block commands instead.</summary>
    public const string TimedBlocksMember = "timedBlocks";

    /// <summary>The members that an operator may write.</summary>
    public static IReadOnlyList<string> Members => OfOperator._config.Names;

    private const int MaxId = 64;
    private const int MaxComment = 256;

    private static readonly ObjectReader<RateLimit> Limit = new(
        "{\"id\": \"web\", \"port\": 443, \"rate\": \"100/second\", \"perSourceIP\": true}",
        new("id", (limit, value) => limit with { Id = ReadId(value) }, Needed: ""),
        new("port", (limit, value) => limit with { Port = value.Integer(Port.Min, Port.Max) ?? Port.Min }, Needed: ""),
        new("protocol", (limit, value) => limit with { Protocol = ReadProtocol(value) }),
        new("rate", (limit, value) => limit with { Rate = ReadRate(value) }, Needed: ""),
        new("burst", (limit, value) => limit with { Burst = value.Integer(1, PacketRate.MaxCount) ?? 1 }),
        new("perSourceIP", (limit, value) => limit with { PerSource = value.Boolean() ?? false }));

    private static readonly ObjectReader<FirewallRule> Rule = new(
        "{\"id\": \"no-smtp\", \"direction\": \"input\", \"action\": \"drop\", \"destPort\": 25}",
        new("id", (rule, value) => rule with { Id = ReadId(value) }, Needed: ""),
        new("direction", (rule, value) => rule with { Direction = ReadDirection(value) }, Needed: ""),
        new("action", (rule, value) => rule with { Action = ReadAction(value) }, Needed: ""),
        new("sourceIP", (rule, value) => rule with { Source = value.Source() }),
        new("destPort", (rule, value) => rule with { DestinationPorts = ReadPorts(value) }),
        new("protocol", (rule, value) => rule with { Protocol = ReadProtocol(value) }),
        new("comment", ReadComment));

    private static readonly ObjectReader<(IpRange? Source, int Seconds)> Block = new(
        "{\"ip\": \"192.0.2.7\", \"seconds\": 3600}",
        new("ip", (block, value) => (value.Source(), block.Seconds), Needed: ""),
        new("seconds", (block, value) => (block.Source, value.Integer(1, MaxBlockSeconds) ?? 1), Needed: ""));

    private static readonly FirewallConfigReader OfOperator = new(fromOperator: true);
    private static readonly FirewallConfigReader OfHub = new(fromOperator: false);

    private readonly ObjectReader<FirewallConfig> _config;
    private readonly bool _fromOperator;

    private FirewallConfigReader(bool fromOperator)
    {
        _fromOperator = fromOperator;
        ObjectMember<FirewallConfig>[] members =
        [
            new(
                "blockedIps",
                (config, value) => config with { BlockedIps = [
                    .. Items(value, MaxBlocked).Select(item => item.Source()).OfType<IpRange>()] }),
            new(
                "rateLimits",
                (config, value) => config with { RateLimits = Unique(Read(value, MaxRateLimits, ReadLimit), limit => limit.Id, value) }),
            new("rules", (config, value) => config with { Rules = Unique(Read(value, MaxRules, ReadRule), rule => rule.Id, value) }),
        ];
        if (!fromOperator)
        {
            members = [
                .. members,
                new(TimedBlocksMember, (config, value) => config with { TimedBlocks = Read(value, MaxTimedBlocks, ReadBlock) })];
        }

        _config = new ObjectReader<FirewallConfig>("{\"blockedIps\": [], \"rateLimits\": [], \"rules\": []}", members)
        {
            Refused = new Dictionary<string, string>
            {
                [TimedBlocksMember] = "is the hub's own; block for a while with: tunnel-hub "
                + "firewall block IP --for 1h"
            },
        };
    }

    /// <summary>Reads what an operator wrote; an unknown member is a fault.</summary>
    /// <param name="json">The value of <c>firewallConfig</c>.</param>
    /// <param name="path">The path of that value, for the faults.</param>
    /// <param name="config">The configuration; meaningless if there are faults.</param>
    /// <returns>What is wrong.</returns>
    public static ImmutableArray<Fault> ReadFromOperator(JsonElement json, string path, out FirewallConfig config) =>
        OfOperator.Read(json, path, out config);

    /// <summary>Reads what a hub sent: unknown members are ignored (protocol.md section 2.3), and timed blocks are allowed.</summary>
    /// <param name="json">The value of <c>firewallConfig</c>.</param>
    /// <param name="config">The configuration; meaningless if there are faults.</param>
    /// <returns>What is wrong.</returns>
    public static ImmutableArray<Fault> ReadFromHub(JsonElement json, out FirewallConfig config) =>
        OfHub.Read(json, "firewallConfig", out config);

    private ImmutableArray<Fault> Read(JsonElement json, string path, out FirewallConfig config)
    {
        var faults = FaultList.ForPeers();
        try
        {
            _config.TryRead(new WrittenValue(json, path, faults), FirewallConfig.Empty, out config, _fromOperator);
        }
        catch (InvalidOperationException)
        {
            // JsonElement throws this for an escaped half of a surrogate pair.
            config = FirewallConfig.Empty;
            faults.Add(path, "…", "has a string that is not valid Unicode");
        }

        return faults.ToImmutable();
    }

    private RateLimit? ReadLimit(WrittenValue value)
    {
        Limit.TryRead(value, new RateLimit("", 0, TransportProtocol.Both, default, 0, PerSource: false), out var limit, _fromOperator);
        return limit with { Burst = limit.Burst == 0 ? limit.Rate.Count : limit.Burst };
    }

    private FirewallRule? ReadRule(WrittenValue value)
    {
        var start = new FirewallRule("", FirewallDirection.Input, FirewallAction.Accept, null, null, TransportProtocol.Both);
        Rule.TryRead(value, start, out var rule, _fromOperator);
        return rule;
    }

    private TimedBlock? ReadBlock(WrittenValue value)
    {
        Block.TryRead(value, default, out var block, _fromOperator);
        return block.Source is { } source ? new TimedBlock(source, block.Seconds) : null;
    }

    private static string ReadId(WrittenValue value)
    {
        if (value.Json.ValueKind == JsonValueKind.String && value.Json.GetString() is { Length: >= 1 and <= MaxId } id
            && id.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-'))
        {
            return id;
        }

        value.Refuse($"must be 1–{MaxId} of A-Z a-z 0-9 . _ -");
        return "";
    }

    private static PacketRate ReadRate(WrittenValue value)
    {
        if (value.Json.ValueKind == JsonValueKind.String && PacketRate.TryParse(value.Json.GetString()!, out var rate))
            return rate;
        value.Refuse(PacketRate.Valid);
        return new PacketRate(1, RateUnit.Second);
    }

    private static PortRange? ReadPorts(WrittenValue value)
    {
        var ports = value.Ports();
        if (ports is not { IsPossible: false })
            return ports;
        value.RefusePorts();
        return null;
    }

    // The comment is only for the operator, so it is checked and dropped.
    private static FirewallRule ReadComment(FirewallRule rule, WrittenValue value)
    {
        if (value.Json.ValueKind != JsonValueKind.String || value.Json.GetString()!.Length > MaxComment)
            value.Refuse($"must be a string of at most {MaxComment} characters");
        return rule;
    }

    private static FirewallDirection ReadDirection(WrittenValue value) => value.Word(
        ", ", ("input", FirewallDirection.Input), ("output", FirewallDirection.Output),
        ("forward", FirewallDirection.Forward)) ?? FirewallDirection.Input;

    private static FirewallAction ReadAction(WrittenValue value) => value.Word(
        ", ", ("accept", FirewallAction.Accept), ("drop", FirewallAction.Drop), ("reject", FirewallAction.Reject)) ?? FirewallAction.Accept;

    private static TransportProtocol ReadProtocol(WrittenValue value) => value.Word(
        ", ", ("both", TransportProtocol.Both), ("tcp", TransportProtocol.Tcp), ("udp", TransportProtocol.Udp)) ?? TransportProtocol.Both;

    private static IEnumerable<WrittenValue> Items(WrittenValue list, int most) => list.Items(most, tooMany: $"must have at most {most}");

    private static ImmutableArray<T> Read<T>(WrittenValue list, int most, Func<WrittenValue, T?> read)
        where T : class => [.. Items(list, most).Select(read).OfType<T>()];

    private static ImmutableArray<T> Unique<T>(ImmutableArray<T> items, Func<T, string> idOf, WrittenValue list)
    {
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var index = 0; index < items.Length; index++)
        {
            var id = idOf(items[index]);
            if (id.Length > 0 && !first.TryAdd(id, index))
            {
                list.Faults.Add(
                    $"{list.Path}[{index}].id", $"\"{id}\"", $"is taken by {list.Path}[{first[id]}] already; ids must be unique");
            }
        }

        return items;
    }
}
