using System.Text.Json;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.UnitTests.Edges.Definitions;

/// <summary>The rows are all settings that there are, and everything follows from them.</summary>
public sealed class PortSettingsTests
{
    [Fact]
    public void Each_member_of_a_policy_has_its_row_and_they_are_written_under_the_same_names()
    {
        var written = EdgeJson.Default.PortPolicyDefinition.Properties.Select(property => property.Name);
        Assert.Equal(written.Order(StringComparer.Ordinal), PortSettings.All.Select(setting => setting.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_the_edge_is_told_are_the_rows_that_say_so()
    {
        Assert.Equal(
            EdgePortSettings.All.Select(setting => setting.Name).Order(StringComparer.Ordinal),
            PortSettings.All.Where(setting => setting.OnWire).Select(setting => setting.Name).Order(StringComparer.Ordinal));
        Assert.Equal(
            EdgePortSettings.All.Where(setting => setting.Without is not null).Select(setting => setting.Name).Order(
                StringComparer.Ordinal),
            PortSettings.All.Where(setting => setting.OnWire && setting.For == PortKinds.Tcp).Select(setting => setting.Name).Order(
                StringComparer.Ordinal));
    }

    [Fact]
    public void The_table_in_the_documentation_is_that_of_the_rows()
    {
        string[] expected =
        [
            "| member | for | default | |",
            "|---|---|---|---|",
            .. PortSettings.All.Select(setting =>
                $"| `{setting.Name}` |{(setting.For == PortKinds.Both ? "" : $" {setting.For.ToString().ToUpperInvariant()}")} | "
                    + $"{setting.Default} | {setting.Summary} |"),
        ];
        var table = Directory.EnumerateFiles(Path.Combine(Root(), "docs"), "*.md", SearchOption.AllDirectories).Select(File.ReadAllLines)
            .Select(lines => lines.SkipWhile(line => line != expected[0]).TakeWhile(line => line.StartsWith('|')).ToArray())
            .Single(lines => lines.Length > 0);
        Assert.Equal(expected, table);
    }

    [Fact]
    public void Each_row_says_nothing_of_its_own_when_a_policy_is_silent()
    {
        var silent = new PortPolicyDefinition();
        Assert.DoesNotContain(PortSettings.All, setting => setting.IsIn(silent));
        Assert.Equal(PortPolicy.DefaultTcp, PortSettings.Resolve(silent, null, udp: false));
        Assert.Equal(
            PortPolicy.DefaultUdp,
            PortSettings.Resolve(silent, new PortPolicyDefinition { IdleTimeout = 0, ConnectTimeout = 7 }, udp: true));
    }

    [Theory]
    [InlineData("maxConnections", "5", "5")]
    [InlineData("maxConnections", "many", "\"many\"")]
    [InlineData("idleTimeout", "30", "30")]
    [InlineData("idleTimeout", "5m", "300")]
    [InlineData("connectTimeout", "soon", "\"soon\"")]
    [InlineData("logConnections", "true", "true")]
    [InlineData("logConnections", "perhaps", "\"perhaps\"")]
    [InlineData("targetHost", "10.0.0.5", "\"10.0.0.5\"")]
    [InlineData("allowCidrs", "192.0.2.0/24, 2001:db8::/32", "[\"192.0.2.0/24\",\"2001:db8::/32\"]")]
    [InlineData("proxyProtocol", "v2", "\"v2\"")]
    [InlineData("targets", "10.0.0.5:8443", """[{"host":"10.0.0.5","port":8443}]""")]
    [InlineData("targets", "web,weight=2,backup", """[{"host":"web","weight":2,"backup":true}]""")]
    [InlineData("targets", "[::1]:53,maxConnections=many", """[{"host":"::1","port":53,"maxConnections":"many"}]""")]
    [InlineData("breaker", "failureThreshold=3,openTimeout=10", """{"failureThreshold":3,"openTimeout":10}""")]
    [InlineData("breaker", """{"openTimeout": 10}""", """{"openTimeout":10}""")]
    [InlineData("tls", "passthrough,strictSni=false", """{"passthrough":true,"strictSni":false}""")]
    [InlineData(
        "tls", "certificates=/c.pem:/k.pem,alpn=h2+http/1.1,minVersion=1.3",
        """{"certificates":[{"certPem":"/c.pem","keyPem":"/k.pem"}],"alpn":["h2","http/1.1"],"minVersion":"1.3"}""")]
    [InlineData("routes", "*.a.b=10.0.0.5:8443,weight=2", """[{"sni":"*.a.b","targets":[{"host":"10.0.0.5","port":8443,"weight":2}]}]""")]
    [InlineData("routes", "a.b", """[{"sni":"a.b"}]""")]
    public void An_option_becomes_the_JSON_that_the_row_reads(string name, string option, string json) =>
        Assert.Equal(json, PortSettings.All.Single(setting => setting.Name == name).FromOption([option], PortKinds.Tcp)!.ToJsonString());

    [Fact]
    public void A_name_that_comes_again_in_an_option_has_several_targets() => Assert.Equal(
        """[{"sni":"a.b","targets":[{"host":"x"},{"host":"y"}]},{"sni":"c.d","targets":[{"host":"z"}]}]""",
        PortSettings.All.Single(setting => setting.Name == "routes")
            .FromOption(["a.b=x", "c.d=z", "a.b=y"], PortKinds.Tcp)!.ToJsonString());

    [Fact]
    public void Routes_share_the_settings_of_the_ports_pool_but_for_its_targets()
    {
        var own = Read("""{"routes":[{"sni":"*.a.b","targets":[{"host":"x"}]}],"targets":[{"host":"y"}],"panicThreshold":50}""");
        var resolved = PortSettings.Resolve(own, Read("""{"balance":"random2"}"""), udp: false);
        var route = resolved.Routes!.Find("www.a.b")!;
        Assert.Equal(("x", "y"), (route.Pool.Targets!.Single().Host, resolved.Pool!.Targets!.Single().Host));
        Assert.Equal(resolved.Pool with { Targets = route.Pool.Targets }, route.Pool);
        Assert.Null(resolved.Routes.Find("a.b"));
    }

    [Fact]
    public void An_entry_wins_over_the_default_value_by_value()
    {
        var own = Read("""{"maxConnections":0,"targetPort":1}""");
        var fallback = Read("""{"maxConnections":5,"targetHost":"h","targetPort":2,"denyCidrs":["10.0.0.1"]}""");
        var resolved = PortSettings.Resolve(own, fallback, udp: false);
        Assert.Equal(
            ("h", 1, null, 1), (resolved.TargetHost, resolved.TargetPort, resolved.Edge.MaxConnections, resolved.Edge.DenyCidrs?.Count));
    }

    private static PortPolicyDefinition Read(string json)
    {
        var faults = new FaultList();
        using var document = JsonDocument.Parse(json);
        var policy = PortSettings.Read(new WrittenValue(document.RootElement, "$", faults));
        Assert.True(faults.IsEmpty);
        return policy!;
    }

    private static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Tunnel.sln")))
            directory = directory.Parent ?? throw new DirectoryNotFoundException("Tunnel.sln is in no directory above this program.");
        return directory.FullName;
    }
}
