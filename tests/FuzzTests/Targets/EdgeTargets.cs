using System.Text.Json;
using System.Text.Unicode;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Firewall;
using Tunnel.FuzzTests.Engine;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Operator;

namespace Tunnel.FuzzTests.Targets;

/// <summary>Reads what operators define: allowed edges with their ports' policies, and firewalls.</summary>
internal static class EdgeTargets
{
    public static IReadOnlyList<byte[]> EdgeSeeds { get; } = Words.Of(
        """[{"id":"edge-1","secret":"0123456789abcdef","enabled":true,"listenPorts":[443,"8000-8010"],"listenPortsUdp":[53],"stunIntervalSecs":300,"firewallConfig":{"blockedIps":["192.0.2.7"]}}]""",
        """[{"id":"e","listenPorts":[443],"listenPortsUdp":[53],"ports":{"tcp/443":{"name":"web","targetHost":"10.0.0.5","targetPort":8443,"proxyProtocol":"v2","connectTimeout":5,"acceptProxyProtocol":true,"trustedProxies":["10.0.0.0/8"],"allowCidrs":["2001:db8::/32"]},"udp/53":{"udpProxyProtocol":"first","idleTimeout":60},"default":{"maxConnections":10,"downloadRate":100000,"allowPrivateSources":true}}}]""",
        "[]");

    public static IReadOnlyList<byte[]> FirewallSeeds { get; } = Words.Of(
        """{"blockedIps":["192.0.2.7","2001:db8::/32"],"rateLimits":[{"id":"web","port":443,"protocol":"tcp","rate":"100/second","burst":200,"perSourceIP":true}],"rules":[{"id":"no-smtp","direction":"output","action":"drop","destPort":25,"comment":"x"}]}""",
        """{"rules":[{"id":"a","direction":"input","action":"accept","sourceIP":"10.0.0.0/8","destPort":"8000-8010","protocol":"udp"},{"id":"b","direction":"forward","action":"reject"}],"blockedIps":["::/0"]}""",
        """{"timedBlocks":[{"ip":"192.0.2.0/24","seconds":3600}],"rateLimits":[{"id":"l","port":53,"rate":"1/hour"}]}""", "{}");

    public static bool RunEdges(ReadOnlySpan<byte> input)
    {
        if (JsonText.Parse(input.ToArray(), out var wrongs) is not { } document)
        {
            foreach (var wrong in wrongs)
                Check.IsErrorText(wrong.ToString());
            return false;
        }

        using (document)
        {
            var faults = new FaultList();
            var edges = new EdgeDefinitionReader(faults).ReadSet(document.RootElement, "$", 1_000);
            var refused = EdgeSetValidator.Validate(edges, static _ => true, 1_000);
            foreach (var fault in faults.ToImmutable())
                Check.That(fault.Message.Length > 0, "a fault says what is wrong");
            if (!faults.IsEmpty || !refused.IsValid)
                return false;
            foreach (var edge in edges)
                CheckRoundTrip(edge);
            return true;
        }
    }

    /// <summary>Parses a firewall: one that is taken can be made into rules.</summary>
    public static FuzzAction Firewall()
    {
        var planner = new FirewallPlanner(FirewallMode.Full, [22], TimeProvider.System);
        return input =>
        {
            // A message that is not UTF-8 does not come so far.
            if (!Utf8.IsValid(input) || Parse(input) is not { } document)
                return false;
            using (document)
            {
                foreach (var fault in FirewallConfigReader.ReadFromOperator(document.RootElement, "firewallConfig", out _))
                    Check.IsErrorText(fault.Message);
                if (!FirewallConfigReader.ReadFromHub(document.RootElement, out var config).IsEmpty
                    || planner.Plan(document.RootElement, [], [new ReceivedBlocks(config.TimedBlocks, 0)]).Plan is not { } plan)
                {
                    return false;
                }

                _ = new NftDocument("fuzz").Create(RulesetBuilder.Build(plan, 0), new NftOwner("id", 1, "fuzz"));
                return true;
            }
        };
    }

    private static JsonDocument? Parse(ReadOnlySpan<byte> input)
    {
        try
        {
            return JsonDocument.Parse(input.ToArray());
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void CheckRoundTrip(EdgeDefinition edge)
    {
        _ = AllowedEdge.From(edge);
        var written = JsonSerializer.SerializeToElement(edge, EdgeJson.Default.EdgeDefinition);
        var faults = new FaultList();
        var again = new EdgeDefinitionReader(faults).ReadEdge(written, "$");
        Check.That(faults.IsEmpty, "what was written is read");
        Check.Equal(
            JsonSerializer.Serialize(written, EdgeJson.Default.JsonElement),
            JsonSerializer.Serialize(again!, EdgeJson.Default.EdgeDefinition), "an edge that was taken is written and read as it was");
    }
}
