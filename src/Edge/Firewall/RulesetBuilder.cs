using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// Builds the ruleset of a plan, without any I/O. The order in the input chain is: loopback, protected ports, blocked sources of UDP,
/// established connections, blocked sources, rate limits, rules. UDP flows are checked before the established connections, because they
/// have no end, and a blocked source that never pauses would stay in for ever. Open TCP connections of a blocked source are reset by the
/// edge itself.
/// </summary>
internal sealed class RulesetBuilder
{
    /// <summary>
    /// How many sources a limit remembers. When it is full, further sources are let in and counted, since refusing them would be what an
    /// attacker wants.
    /// </summary>
    internal const int SourcesPerLimit = 65_536;

    internal const string BlockedCounter = "blocked";

    private const string Input = "input";
    private const int MinSourceSeconds = 60;
    private const int MaxSourceSeconds = 86_400;
    private static readonly AddressFamily[] Families = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];

    private readonly Dictionary<string, NftObject> _objects = [];
    private readonly Dictionary<string, NftElements> _elements = [];
    private readonly List<JsonObject> _rules = [];

    private RulesetBuilder()
    {
    }

    /// <summary>Builds the ruleset that is wanted now.</summary>
    /// <param name="plan">What is wanted, including what is never blocked.</param>
    /// <param name="now">The present time in seconds, from which the remaining times of blocks are computed.</param>
    public static Ruleset Build(FirewallPlan plan, long now)
    {
        var builder = new RulesetBuilder();
        builder.AddChain(Input);
        builder.AddExemptions(Input, "iifname", plan.ProtectedPorts, () => builder.AddBlocks(plan, now));
        foreach (var limit in plan.Config.RateLimits)
            builder.AddLimit(limit);
        foreach (var direction in new[] { FirewallDirection.Input, FirewallDirection.Output, FirewallDirection.Forward })
            builder.AddRules(direction, [.. plan.Config.Rules.Where(rule => rule.Direction == direction)]);
        return new Ruleset(
            builder._objects.ToImmutableSortedDictionary(StringComparer.Ordinal),
            builder._elements.ToImmutableSortedDictionary(StringComparer.Ordinal),
            [.. builder._rules]);
    }

    private void AddChain(string hook)
    {
        var chain = NftJson.Named(hook);
        chain["type"] = "filter";
        chain["hook"] = hook;
        chain["prio"] = 0;
        chain["policy"] = "accept";
        _objects.Add(hook, new NftObject(NftObject.Chain, hook, chain));
    }

    private void AddExemptions(string chain, string loopback, ImmutableArray<int> protectedPorts, Action beforeEstablished)
    {
        Add(chain, "loopback", NftJson.Match("==", NftJson.Meta(loopback), "lo"), NftJson.Verdict("accept"));
        if (!protectedPorts.IsEmpty)
        {
            Add(chain, "protected ports", NftJson.Transport(TransportProtocol.Both),
                NftJson.DestinationPort(NftJson.AnyOf(Spans(protectedPorts).Select(NftJson.Ports))), NftJson.Verdict("accept"));
        }

        beforeEstablished();
        Add(
            chain, "established", NftJson.Match("in", NftJson.Conntrack("state"), new JsonArray("established", "related")),
            NftJson.Verdict("accept"));
        if (_elements.Count > 0)
            AddBlockRules(onlyUdp: false);
    }

    private void AddBlocks(FirewallPlan plan, long now)
    {
        foreach (var family in Families)
        {
            AddElements(
                family, "blocked", ["interval"],
                IpRanges.Merge(plan.Config.BlockedIps, family, plan.NeverBlocked).Select(range => (range, 0L)), now);
            AddElements(family, "timed", ["interval", "timeout"],
                IpRanges.Flatten(
                    plan.BlocksUntil.Where(block => block.Until > now).Select(block => (block.Source, block.Until)), family,
                    plan.NeverBlocked),
                now);
        }

        if (_elements.Count == 0)
            return;
        _objects.Add(BlockedCounter, new NftObject("counter", BlockedCounter, NftJson.Named(BlockedCounter)));
        AddBlockRules(onlyUdp: true);
    }

    private void AddElements(AddressFamily family, string kind, string[] flags, IEnumerable<(IpRange Range, long Until)> items, long now)
    {
        (IpRange Range, long Until)[] all = [.. items];
        if (all.Length == 0)
            return;
        var name = kind + Suffix(family);
        var set = NftJson.Named(name);
        set["type"] = TypeOf(family);
        set["flags"] = new JsonArray([.. flags.Select(flag => (JsonNode)flag)]);
        _objects.Add(name, new NftObject("set", name, set));
        _elements.Add(name, new NftElements(
            [.. all.Select(item => item.Until == 0 ? NftJson.Addresses(item.Range) : WithTimeout(item.Range, item.Until - now))],
            Hash(string.Join(' ', all.Select(item => $"{item.Range}@{item.Until}")))));
    }

    private static JsonObject WithTimeout(IpRange range, long seconds) =>
        new() { ["elem"] = new JsonObject { ["val"] = NftJson.Addresses(range), ["timeout"] = seconds } };

    private void AddBlockRules(bool onlyUdp)
    {
        foreach (var family in Families)
        {
            foreach (var set in new[] { "blocked", "timed" }.Select(kind => kind + Suffix(family)).Where(_elements.ContainsKey))
            {
                JsonNode[] which = onlyUdp
                    ? [NftJson.Transport(TransportProtocol.Udp), NftJson.Match("==", NftJson.Conntrack("direction"), "original")]
                    // Neighbour discovery with a blocked neighbour must go on; IPv4 does it without IP.
                    : family == AddressFamily.InterNetworkV6 ? [NftJson.Match("!=", NftJson.Meta("l4proto"), "ipv6-icmp")] : [];
                var isBlocked = NftJson.Match("==", NftJson.Source(family), $"@{set}");
                Add(
                    Input, onlyUdp ? "blocked UDP" : "blocked",
                    [.. which, isBlocked, NftJson.Count(BlockedCounter), NftJson.Verdict("drop")]);
            }
        }
    }

    private void AddLimit(RateLimit limit)
    {
        // The name contains everything whose change makes it another allowance.
        var key = Hash($"{limit.Id} {limit.Port} {limit.Protocol} {limit.Rate} {limit.Burst} {limit.PerSource}")[..16];
        var counter = $"over_{key}";
        _objects.Add(counter, new NftObject("counter", counter, NftJson.Named(counter)));
        if (!limit.PerSource)
        {
            var allowance = NftJson.Named($"limit_{key}");
            foreach ((var name, var value) in LimitOf(limit))
                allowance[name] = value!.DeepClone();
            _objects.Add($"limit_{key}", new NftObject("limit", $"limit_{key}", allowance));
            AddLimitRule(limit, new JsonObject { ["limit"] = $"limit_{key}" }, NftJson.Count(counter), NftJson.Verdict("drop"));
            return;
        }

        var full = $"full_{key}";
        _objects.Add(full, new NftObject("counter", full, NftJson.Named(full)));
        foreach (var family in Families)
        {
            var set = $"rate{Suffix(family)}_{key}";
            _objects.Add(set, new NftObject("set", set, SourcesOf(limit, set, family)));
            var update = new JsonObject
            {
                ["op"] = "update",
                ["elem"] = SourceOf(family),
                ["set"] = $"@{set}",
                ["stmt"] = new JsonArray(new JsonObject { ["limit"] = LimitOf(limit) }),
            };
            AddLimitRule(limit, new JsonObject { ["set"] = update }, NftJson.Count(counter), NftJson.Verdict("drop"));
            // A source that came through and is not in the set found the set full.
            AddLimitRule(limit, NftJson.Match("!=", SourceOf(family), $"@{set}"), NftJson.Count(full));
        }
    }

    private void AddLimitRule(RateLimit limit, params JsonNode[] statements) => Add(
        Input,
        $"limit {limit.Id}",
        [
            NftJson.Transport(limit.Protocol), NftJson.DestinationPort(limit.Port), NftJson.Match("in", NftJson.Conntrack("state"), "new"),
            .. statements,
        ]);

    private static JsonObject LimitOf(RateLimit limit) =>
        new() { ["rate"] = limit.Rate.Count, ["per"] = limit.Rate.UnitName, ["burst"] = limit.Burst, ["inv"] = true };

    private static JsonObject SourcesOf(RateLimit limit, string name, AddressFamily family)
    {
        // A source is remembered until its allowance is full again; after that, forgetting it changes nothing.
        var refill = (long)limit.Burst * limit.Rate.UnitSeconds / limit.Rate.Count;
        var set = NftJson.Named(name);
        set["type"] = TypeOf(family);
        set["size"] = SourcesPerLimit;
        set["timeout"] = Math.Clamp(refill + 1, MinSourceSeconds, MaxSourceSeconds);
        set["flags"] = new JsonArray("timeout");
        return set;
    }

    /// <summary>Returns the source address, or for IPv6 its /64, because whoever has one address there has them all.</summary>
    private static JsonObject SourceOf(AddressFamily family) => family == AddressFamily.InterNetwork
        ? NftJson.Source(family)
        : new JsonObject { ["&"] = new JsonArray(NftJson.Source(family), "ffff:ffff:ffff:ffff::") };

    private void AddRules(FirewallDirection direction, FirewallRule[] rules)
    {
        if (rules.Length == 0)
            return;
        var chain = direction switch { FirewallDirection.Input => Input, FirewallDirection.Output => "output", _ => "forward" };
        if (direction != FirewallDirection.Input)
        {
            AddChain(chain);
            AddExemptionsOf(chain, direction);
        }

        foreach (var rule in rules)
            AddRule(chain, rule);
    }

    private void AddExemptionsOf(string chain, FirewallDirection direction)
    {
        if (direction == FirewallDirection.Output)
            Add(chain, "loopback", NftJson.Match("==", NftJson.Meta("oifname"), "lo"), NftJson.Verdict("accept"));
        Add(
            chain, "established", NftJson.Match("in", NftJson.Conntrack("state"), new JsonArray("established", "related")),
            NftJson.Verdict("accept"));
    }

    private void AddRule(string chain, FirewallRule rule)
    {
        switch (rule.Action)
        {
            case FirewallAction.Accept:
                AddRule(chain, rule, rule.Protocol, NftJson.Verdict("accept"));
                break;
            case FirewallAction.Drop:
                AddRule(chain, rule, rule.Protocol, NftJson.Verdict("drop"));
                break;
            default:
                if (rule.Protocol != TransportProtocol.Udp)
                    AddRule(chain, rule, TransportProtocol.Tcp, Reject(("type", "tcp reset")));
                if (rule.Protocol != TransportProtocol.Tcp)
                    AddRule(chain, rule, TransportProtocol.Udp, Reject(("type", "icmpx"), ("expr", "admin-prohibited")));
                break;
        }
    }

    private void AddRule(string chain, FirewallRule rule, TransportProtocol protocol, JsonObject verdict)
    {
        var statements = new List<JsonNode>();
        if (rule.Source is { } source)
            statements.Add(NftJson.Match("==", NftJson.Source(source.Family), NftJson.Addresses(source)));
        statements.Add(NftJson.Transport(protocol));
        if (rule.DestinationPorts is { } ports)
            statements.Add(NftJson.DestinationPort(NftJson.Ports(ports)));
        Add(chain, $"rule {rule.Id}", [.. statements, verdict]);
    }

    private static JsonObject Reject(params (string Name, string Value)[] members) =>
        new() { ["reject"] = new JsonObject(members.Select(member => KeyValuePair.Create(member.Name, (JsonNode?)member.Value))) };

    private void Add(string chain, string comment, params JsonNode[] statements) => _rules.Add(NftJson.Rule(chain, comment, statements));

    private static List<PortRange> Spans(ImmutableArray<int> ports)
    {
        var spans = new List<PortRange>();
        foreach (var port in ports.Distinct().Order())
        {
            if (spans.Count > 0 && spans[^1].Last == port - 1)
                spans[^1] = new PortRange(spans[^1].First, port);
            else
                spans.Add(new PortRange(port, port));
        }

        return spans;
    }

    private static string Suffix(AddressFamily family) => family == AddressFamily.InterNetwork ? "4" : "6";

    private static string TypeOf(AddressFamily family) => family == AddressFamily.InterNetwork ? "ipv4_addr" : "ipv6_addr";

    private static string Hash(FormattableString text) => Hash(text.ToString(CultureInfo.InvariantCulture));

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
