using Tunnel.Hub.Cli;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.UnitTests.Admin;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.UnitTests.Cli;

public sealed class PortCommandTests
{
    [Fact]
    public async Task A_port_is_added_changed_and_removed_by_one_command_each()
    {
        await using var admin = await StartAsync();
        await RunsAsync(
            admin,
            "~ a: +tcp/8443\nApplied.\n",
            "port", "add", "a", "tcp/8443", "--to", "10.0.0.5:443", "--proxy", "v2", "--allow", "192.0.2.0/24", "2001:db8::/32",
            "--max-connections", "7");
        var policy = Entry(admin, "tcp/8443");
        Assert.Equal(
            ("10.0.0.5", 443, ProxyProtocol.V2, 2, 7),
            (policy.TargetHost, policy.TargetPort, policy.ProxyProtocol, policy.AllowCidrs?.Count, policy.MaxConnections));

        await RunsAsync(
            admin, "~ a: ~tcp/8443\nApplied.\n", "port", "set", "a", "tcp/8443", "--proxy", "off", "--unset", "max-connections",
            "allowCidrs");
        policy = Entry(admin, "tcp/8443");
        Assert.Equal(
            ("10.0.0.5", ProxyProtocol.Off, null, null),
            (policy.TargetHost, policy.ProxyProtocol, policy.AllowCidrs, policy.MaxConnections));

        await RunsAsync(admin, "~ a: -tcp/8443\nApplied.\n", "port", "remove", "a", "tcp/8443");
        Assert.Equal([443], admin.Edges.Find("a")!.TcpPorts);
    }

    [Fact]
    public async Task Ranges_and_the_default_are_ports_like_others()
    {
        await using var admin = await StartAsync();
        await RunsAsync(
            admin, "~ a: +udp/8000-8010\nApplied.\n", "port", "add", "a", "udp/8000-8010", "--proxy", "v2", "--idle-timeout", "9s");
        Assert.Equal(UdpProxyProtocol.Each, Entry(admin, "udp/8000-8010").UdpProxyProtocol);
        await RunsAsync(admin, "~ a: ~udp/8005\nApplied.\n", "port", "set", "a", "udp/8005", "--proxy", "off");
        Assert.Equal((9, UdpProxyProtocol.Off), (Entry(admin, "udp/8005").IdleTimeout, Entry(admin, "udp/8005").UdpProxyProtocol));
        await RunsAsync(admin, "~ a: ~tcp/443 ~udp/8000-8010\nApplied.\n", "port", "set", "a", "default", "--proxy", "off", "--to", ":9");
        Assert.Equal(
            (ProxyProtocol.Off, UdpProxyProtocol.Off, 9),
            (Entry(admin, "default").ProxyProtocol, Entry(admin, "default").UdpProxyProtocol, Entry(admin, "default").TargetPort));
    }

    [Fact]
    public async Task A_dry_run_shows_the_difference_and_does_nothing()
    {
        await using var admin = await StartAsync();
        var before = admin.Edges.Find("a")!.Definition;
        foreach (var command in (string[][])
        [
            ["port", "add", "a", "tcp/1"], ["port", "set", "a", "tcp/443", "--to", "h"], ["port", "remove", "a", "tcp/443"],
            ["edge", "set", "a", "--udp", "53", "--enabled", "false"], ["edge", "rename", "a", "b"],
        ])
        {
            var result = await RunAsync(admin, [.. command, "--dry-run"]);
            Assert.Equal((ExitCodes.Fine, ""), (result.ExitCode, result.Error));
            Assert.EndsWith("Dry run: nothing was changed.\n", result.Out, StringComparison.Ordinal);
        }

        Assert.Equal(before, admin.Edges.Find("a")!.Definition);
        Assert.Null(admin.Edges.Find("b"));
    }

    [Theory]
    [InlineData("--max-connections = -1", "port", "add", "a", "tcp/1", "--max-connections", "-1")]
    [InlineData("--max-connections = \"x\": must be a whole number", "port", "add", "a", "tcp/1", "--max-connections", "x")]
    [InlineData("--allow", "port", "set", "a", "tcp/443", "--allow", "10.0.0.1/8")]
    [InlineData("--proxy", "port", "add", "a", "udp/1", "--proxy", "v1")]
    [InlineData("--connect-timeout = (present): does nothing here", "port", "add", "a", "udp/1", "--connect-timeout", "5")]
    [InlineData("did you mean maxConnections", "port", "set", "a", "tcp/443", "--unset", "maxConnection")]
    [InlineData("Nothing to set", "port", "set", "a", "tcp/443")]
    [InlineData("Nothing to set", "edge", "set", "a")]
    [InlineData("\"443\" is not a port", "port", "remove", "a", "443")]
    [InlineData("--tcp", "edge", "set", "a", "--tcp", "0")]
    [InlineData("port set a default", "port", "add", "a", "default")]
    public async Task What_is_wrong_is_said_in_the_words_of_the_options(string expected, params string[] command)
    {
        await using var admin = await StartAsync();
        var result = await RunAsync(admin, command);
        Assert.Equal((ExitCodes.Usage, ""), (result.ExitCode, result.Out));
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("port set a tcp/443", "port", "add", "a", "tcp/443", "--to", "h")]
    [InlineData("port set a tcp/440-450", "port", "add", "a", "tcp/440-450")]
    [InlineData("tcp/80 is not assigned", "port", "set", "a", "tcp/80", "--to", "h")]
    [InlineData("tcp/80 is not assigned", "port", "remove", "a", "tcp/80")]
    [InlineData("no edge \"b\"", "port", "add", "b", "tcp/80")]
    [InlineData("\"c\" already", "edge", "rename", "a", "c")]
    public async Task What_is_not_as_it_is_taken_for_is_not_changed(string expected, params string[] command)
    {
        await using var admin = await StartAsync();
        await admin.Edges.AddAsync(TestEdges.WithSecret("c"), default);
        var result = await RunAsync(admin, command);
        Assert.Equal((ExitCodes.Failed, ""), (result.ExitCode, result.Out));
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.Equal([443], admin.Edges.Find("a")!.TcpPorts);
    }

    [Fact]
    public async Task An_edge_is_changed_and_renamed_with_its_secrets()
    {
        await using var admin = await StartAsync();
        var firewall = admin.File("firewall.json", """{"blockedIps":["192.0.2.7"], /* one */ }""");
        await RunsAsync(
            admin,
            "~ a: +tcp/80,8000-8002 +udp/53 -tcp/443 (stunIntervalSecs, firewallConfig)\nApplied.\n",
            "edge", "set", "a", "--tcp", "80,8000-8002", "--udp", "53", "--stun-interval-secs", "60", "--firewall-config", firewall);
        await RunsAsync(
            admin, "~ a: ~tcp/80,8000-8002 ~udp/53 (targetAllowCidrs)\nApplied.\n",
            "edge", "set", "a", "--target-allow-cidrs", "10.0.0.0/8, 192.168.1.7");
        Assert.Equal(CidrSet.Parse("10.0.0.0/8", "192.168.1.7"), admin.Edges.Find("a")!.Definition.TargetAllowCidrs);
        await RunsAsync(
            admin, "~ a: ~tcp/80,8000-8002 ~udp/53 (targetAllowCidrs)\nApplied.\n", "edge", "set", "a", "--target-allow-cidrs", "");
        Assert.Null(admin.Edges.Find("a")!.Definition.TargetAllowCidrs);
        await RunsAsync(
            admin,
            "~ a: (firewallConfig)\nApplied.\n",
            "edge", "set", "a", "--firewall-config", admin.File("other.json", """{"rules":[]}"""));
        Assert.Equal("""{"rules":[]}""", admin.Edges.Find("a")!.FirewallConfig!.Value.GetRawText());

        var renamed = await RunAsync(admin, "edge", "rename", "a", "b");
        Assert.Equal(
            (ExitCodes.Fine, "- a: -tcp/80,8000-8002 -udp/53\n+ b: +tcp/80,8000-8002 +udp/53\nApplied.\n"),
            (renamed.ExitCode, renamed.Out));
        Assert.Contains("edge token b", renamed.Error, StringComparison.Ordinal);
        Assert.Null(admin.Edges.Find("a"));
        Assert.True(await admin.Edges.HasSecretAsync("b", TestEdges.Secret, default));
    }

    [Fact]
    public async Task Each_setting_has_its_option_and_help_says_what_it_does()
    {
        foreach (var command in (string[])["add", "set"])
        {
            var help = (await RunAsync(["port", command, "--help"])).Out.ReplaceLineEndings(" ");
            Assert.All(PortSettings.All, setting => Assert.Contains(setting.OptionName, help, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void After_the_token_a_terminal_shows_what_to_do_next() =>
        Assert.Contains("/etc/tunnel-edge/token", AddEdgeCommand.NextSteps("a"), StringComparison.Ordinal);

    private static PortPolicyDefinition Entry(AdminFixture admin, string key) => admin.Edges.Find("a")!.Definition.Ports[key];

    private static async Task<AdminFixture> StartAsync()
    {
        var admin = await AdminFixture.StartAsync(publicHost: "hub");
        await admin.Edges.AddAsync(TestEdges.WithSecret("a"), default);
        return admin;
    }

    private static async Task RunsAsync(AdminFixture admin, string expected, params string[] command) =>
        Assert.Equal((ExitCodes.Fine, expected, ""), await RunAsync(admin, command));

    private static Task<(int ExitCode, string Out, string Error)> RunAsync(AdminFixture admin, params string[] arguments) =>
        RunAsync([.. arguments, "--admin-socket", admin.SocketPath]);

    private static async Task<(int ExitCode, string Out, string Error)> RunAsync(string[] arguments)
    {
        using StringWriter output = new(), error = new();
        var exitCode = await HubCommandLine.InvokeAsync(arguments, output, error);
        return (exitCode, output.ToString(), error.ToString());
    }
}
