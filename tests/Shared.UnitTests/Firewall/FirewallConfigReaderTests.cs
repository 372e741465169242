using System.Collections.Immutable;
using System.Text.Json;
using Tunnel.Shared.Firewall;
using Tunnel.Shared.Operator;

namespace Tunnel.Shared.UnitTests.Firewall;

public class FirewallConfigReaderTests
{
    [Fact]
    public void Reads_everything()
    {
        const string json = """
            {"blockedIps":["192.0.2.7","2001:db8::/32"],
             "rateLimits":[{"id":"web","port":443,"protocol":"tcp","rate":"100/second","burst":200,"perSourceIP":true},{"id":"dns","port":53,"rate":"10/minute"}],
             "rules":[{"id":"a","direction":"input","action":"drop","sourceIP":"10.0.0.0/8","destPort":"8000-8010","protocol":"udp","comment":"no"},
                      {"id":"b","direction":"forward","action":"reject","destPort":25}]}
            """;
        Assert.Empty(Operator(json, out var config));

        Assert.Equal(["192.0.2.7", "2001:db8::/32"], config.BlockedIps.Select(range => range.ToString()));
        Assert.Equal(
            new RateLimit("web", 443, TransportProtocol.Tcp, new PacketRate(100, RateUnit.Second), 200, true), config.RateLimits[0]);
        Assert.Equal(
            new RateLimit("dns", 53, TransportProtocol.Both, new PacketRate(10, RateUnit.Minute), 10, false), config.RateLimits[1]);
        Assert.Equal("10.0.0.0/8", config.Rules[0].Source.ToString());
        Assert.Equal(
            (FirewallDirection.Input, FirewallAction.Drop, new PortRange(8000, 8010), TransportProtocol.Udp),
            (config.Rules[0].Direction, config.Rules[0].Action, config.Rules[0].DestinationPorts!.Value, config.Rules[0].Protocol));
        Assert.Equal(
            new FirewallRule("b", FirewallDirection.Forward, FirewallAction.Reject, null, new PortRange(25, 25), TransportProtocol.Both),
            config.Rules[1]);
    }

    [Theory]
    [InlineData("[]", "$", "object")]
    [InlineData("""{"blockedIps":{}}""", "$.blockedIps", "list")]
    [InlineData("""{"blockedIps":["10.0.0.1/8"]}""", "$.blockedIps[0]", "10.0.0.0/8")]
    [InlineData("""{"blockedIps":["10.0.0.1",7]}""", "$.blockedIps[1]", "string")]
    [InlineData("""{"blockedips":[]}""", "$.blockedips", "did you mean \"blockedIps\"")]
    [InlineData("""{"timedBlocks":[]}""", "$.timedBlocks", "firewall block")]
    [InlineData("""{"rules":[],"rules":[]}""", "$.rules", "twice")]
    [InlineData("""{"rateLimits":[{"id":"a","port":0,"rate":"1/second"}]}""", "$.rateLimits[0].port", "1 to 65535")]
    [InlineData("""{"rateLimits":[{"id":"a","port":1,"rate":"1/day"}]}""", "$.rateLimits[0].rate", "N/hour")]
    [InlineData("""{"rateLimits":[{"id":"a","port":1,"rate":"0/second"}]}""", "$.rateLimits[0].rate", "N/hour")]
    [InlineData("""{"rateLimits":[{"id":"a","port":1,"rate":"-1/second"}]}""", "$.rateLimits[0].rate", "N/hour")]
    [InlineData("""{"rateLimits":[{"id":"a","port":1,"rate":"1000001/second"}]}""", "$.rateLimits[0].rate", "1000000")]
    [InlineData("""{"rateLimits":[{"id":"a","port":1}]}""", "$.rateLimits[0].rate", "needed")]
    [InlineData("""{"rateLimits":[{"id":"a","rate":"1/second"}]}""", "$.rateLimits[0].port", "needed")]
    [InlineData("""{"rateLimits":[{"id":"a","port":1,"rate":"1/second","burst":0}]}""", "$.rateLimits[0].burst", "1 to 1000000")]
    [InlineData(
        """{"rateLimits":[{"id":"a","port":1,"rate":"1/second","perSourceIP":"yes"}]}""", "$.rateLimits[0].perSourceIP", "true or false")]
    [InlineData(
        """{"rateLimits":[{"id":"a","port":1,"rate":"1/second"},{"id":"a","port":2,"rate":"1/second"}]}""", "$.rateLimits[1].id",
        "$.rateLimits[0]")]
    [InlineData("""{"rules":[{"direction":"input","action":"drop"}]}""", "$.rules[0].id", "needed")]
    [InlineData("""{"rules":[{"id":"a b","direction":"input","action":"drop"}]}""", "$.rules[0].id", "A-Z")]
    [InlineData(
        """{"rules":[{"id":"a","direction":"in","action":"drop"}]}""", "$.rules[0].direction", "\"input\", \"output\", \"forward\"")]
    [InlineData("""{"rules":[{"id":"a","direction":"input","action":"DROP"}]}""", "$.rules[0].action", "\"drop\"")]
    [InlineData("""{"rules":[{"id":"a","direction":"input","action":"drop","destPort":"10-5"}]}""", "$.rules[0].destPort", "8000-8010")]
    [InlineData("""{"rules":[{"id":"a","direction":"input","action":"drop","destPort":70000}]}""", "$.rules[0].destPort", "65535")]
    [InlineData("""{"rules":[{"id":"a","direction":"input","action":"drop","protocol":"icmp"}]}""", "$.rules[0].protocol", "\"both\"")]
    [InlineData("""{"rules":[{"id":"a","direction":"input","action":"drop","sourceIP":"localhost"}]}""", "$.rules[0].sourceIP", "CIDR")]
    [InlineData("""{"rules":[{"id":"a","direction":"input","action":"drop","comment":7}]}""", "$.rules[0].comment", "string")]
    [InlineData("""{"rules":["drop"]}""", "$.rules[0]", "object")]
    [InlineData("""{"rules":[{"id":"\ud800","direction":"input","action":"drop"}]}""", "$", "Unicode")]
    public void Names_each_fault(string json, string path, string valid)
    {
        var fault = Assert.Single(Operator(json, out _));
        Assert.Equal(path, fault.Path);
        Assert.Contains(valid, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Finds_all_faults_at_once()
    {
        const string json = """{"blockedIps":["x"],"rateLimits":[{"port":"a"}],"rules":[{"id":"","direction":1,"action":null}]}""";
        Assert.Equal(
            [
                "$.blockedIps[0]", "$.rateLimits[0].port", "$.rateLimits[0].id", "$.rateLimits[0].rate", "$.rules[0].id",
                "$.rules[0].direction", "$.rules[0].action"],
            Operator(json, out _).Select(fault => fault.Path));
    }

    [Fact]
    public void Faults_are_bounded_and_printable()
    {
        var json = JsonSerializer.Serialize(new { blockedIps = Enumerable.Repeat(new string('é', 500) + "\u001b[2J", 20_000) });
        var faults = Operator(json, out _);
        Assert.InRange(faults.Length, 2, 101);
        Assert.All(faults.SkipLast(1), fault => Assert.InRange(fault.Value.Length, 1, 61));
        Assert.DoesNotContain(faults, fault => fault.Value.Any(char.IsControl));
    }

    [Fact]
    public void Lists_are_bounded()
    {
        var many = JsonSerializer.Serialize(new { rules = Enumerable.Repeat(1, FirewallConfigReader.MaxRules + 1) });
        Assert.Contains("at most 1000", Assert.Single(Operator(many, out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_hub_sends_may_have_more_members_and_timed_blocks()
    {
        using var json = JsonDocument.Parse(
            """{"new":1,"rules":[{"id":"a","direction":"input","action":"drop","later":true}],"timedBlocks":[{"ip":"192.0.2.0/24","seconds":60,"by":"x"}]}""");
        Assert.Empty(FirewallConfigReader.ReadFromHub(json.RootElement, out var config));
        Assert.Single(config.Rules);
        var block = Assert.Single(config.TimedBlocks);
        Assert.Equal(("192.0.2.0/24", 60), (block.Source.ToString(), block.Seconds));
    }

    [Theory]
    [InlineData("""{"timedBlocks":[{"ip":"192.0.2.1"}]}""", "firewallConfig.timedBlocks[0].seconds")]
    [InlineData("""{"timedBlocks":[{"ip":"192.0.2.1","seconds":0}]}""", "firewallConfig.timedBlocks[0].seconds")]
    [InlineData("""{"timedBlocks":[{"ip":"192.0.2.1","seconds":1e99}]}""", "firewallConfig.timedBlocks[0].seconds")]
    [InlineData("""{"timedBlocks":[{"seconds":1}]}""", "firewallConfig.timedBlocks[0].ip")]
    [InlineData(
        """{"rules":[{"id":"x","direction":"input","action":"drop","sourceIP":"1.1.1.1 drop; add"}]}""",
        "firewallConfig.rules[0].sourceIP")]
    public void What_a_hub_sends_is_checked_as_well(string json, string path)
    {
        using var document = JsonDocument.Parse(json);
        Assert.Equal(path, Assert.Single(FirewallConfigReader.ReadFromHub(document.RootElement, out _)).Path);
    }

    [Fact]
    public void Any_json_is_answered_without_an_exception()
    {
        string[] values = [
            "null", "1", "\"\"", "\"\\ud800\"", "[]", "{}", "[null]", "[[]]", "[{}]", "true", "-1.5e300", "[\"::1\"]", "[{\"id\":[]}]"];
        string[] names = ["blockedIps", "rateLimits", "rules", "timedBlocks", "\\ud800", "x"];
        foreach (var name in names)
        {
            foreach (var value in values)
            {
                using var document = JsonDocument.Parse($$"""{"{{name}}":{{value}}}""");
                FirewallConfigReader.ReadFromHub(document.RootElement, out _);
                FirewallConfigReader.ReadFromOperator(document.RootElement, "$", out _);
            }
        }
    }

    private static ImmutableArray<Fault> Operator(string json, out FirewallConfig config)
    {
        using var document = JsonDocument.Parse(json);
        return FirewallConfigReader.ReadFromOperator(document.RootElement, "$", out config);
    }
}
