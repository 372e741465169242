using System.Net.Sockets;
using System.Text.Json.Nodes;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Edge.Firewall;

/// <summary>Builds the parts of libnftables' JSON (libnftables-json(5)) that are needed here.</summary>
internal static class NftJson
{
    /// <summary>
    /// The table of a machine's first edge, and the prefix of other edges' tables. The family <c>inet</c> sees IPv4 and IPv6.
    /// </summary>
    public const string Table = "tunnel_edge";

    public const string Family = "inet";

    public static JsonObject Do(string verb, string kind, JsonObject what) => new() { [verb] = new JsonObject { [kind] = what } };

    /// <summary>Names an object of our table; <see cref="NftDocument"/> adds the table.</summary>
    public static JsonObject Named(string name) => new() { ["family"] = Family, ["name"] = name };

    public static JsonObject Rule(string chain, string comment, params JsonNode[] statements) =>
        new() { ["family"] = Family, ["chain"] = chain, ["comment"] = comment, ["expr"] = new JsonArray(statements) };

    public static JsonObject Match(string op, JsonNode left, JsonNode right) =>
        new() { ["match"] = new JsonObject { ["op"] = op, ["left"] = left, ["right"] = right } };

    public static JsonObject Meta(string key) => new() { ["meta"] = new JsonObject { ["key"] = key } };

    public static JsonObject Conntrack(string key) => new() { ["ct"] = new JsonObject { ["key"] = key } };

    public static JsonObject Payload(string protocol, string field) =>
        new() { ["payload"] = new JsonObject { ["protocol"] = protocol, ["field"] = field } };

    public static JsonObject Source(AddressFamily family) => Payload(family == AddressFamily.InterNetwork ? "ip" : "ip6", "saddr");

    public static JsonObject AnyOf(IEnumerable<JsonNode> items) => new() { ["set"] = new JsonArray([.. items]) };

    public static JsonObject Verdict(string word) => new() { [word] = null };

    public static JsonObject Count(string counter) => new() { ["counter"] = counter };

    /// <summary>Matches TCP, UDP or both, but never ICMP: without neighbour discovery there is no IPv6.</summary>
    public static JsonObject Transport(TransportProtocol protocol) => Match("==", Meta("l4proto"), protocol switch
    {
        TransportProtocol.Tcp => "tcp",
        TransportProtocol.Udp => "udp",
        _ => AnyOf(["tcp", "udp"]),
    });

    public static JsonObject DestinationPort(JsonNode ports) => Match("==", Payload("th", "dport"), ports);

    public static JsonNode Ports(PortRange span) =>
        span.First == span.Last ? span.First : new JsonObject { ["range"] = new JsonArray(span.First, span.Last) };

    public static JsonNode Addresses(IpRange range)
    {
        var first = range.FirstAddress.ToString();
        if (range.First == range.Last)
            return first;
        return range.PrefixLength is { } length
            ? new JsonObject { ["prefix"] = new JsonObject { ["addr"] = first, ["len"] = length } }
            : new JsonObject { ["range"] = new JsonArray(first, range.LastAddress.ToString()) };
    }
}
