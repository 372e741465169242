using System.CommandLine;
using System.Text.Json;
using Tunnel.Hub.Cli;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.UnitTests.Admin;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.UnitTests.Cli;

/// <summary>Errors of the API are told in the words of the command that led to them.</summary>
public sealed class WordsTests
{
    [Theory]
    [InlineData("tunnel-hub has no command \"stats\"; did you mean status?", "stats")]
    [InlineData("tunnel-hub edge has no command \"lst\"; did you mean list?", "edge", "lst")]
    [InlineData("tunnel-hub status has no option --jsn; did you mean --json?", "status", "--jsn")]
    [InlineData(
        "tunnel-hub edge add has no option --secert; did you mean --secret?", "edge", "add", "a", "--secert", "do-not-show-this-one")]
    [InlineData("tunnel-hub edge remove takes no further word \"b\"", "edge", "remove", "a", "b")]
    [InlineData("tunnel-hub edge needs a command: add, list", "edge")]
    [InlineData("has no unit; did you mean 5s, 5m or 5h?", "firewall", "block", "192.0.2.7", "--for", "5")]
    [InlineData("has no unit; did you mean 10s, 10m or 10h?", "edge", "token", "a", "--grace", "10")]
    public async Task What_there_is_none_of_is_named_with_what_was_meant(string expected, params string[] arguments)
    {
        var (code, output, error) = await RunAsync(arguments);
        Assert.Equal((ExitCodes.Usage, ""), (code, output));
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Contains("--help", error, StringComparison.Ordinal);
        Assert.DoesNotContain("do-not-show", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_command_that_is_not_known_nothing_else_is_said()
    {
        var error = (await RunAsync("edge", "lst", "--edge", "vps")).Error;
        Assert.Contains("tunnel-hub edge has no command \"lst\"", error, StringComparison.Ordinal);
        Assert.DoesNotContain("--edge", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("help", "edge", "add")]
    [InlineData("edge", "add", "--help")]
    public async Task Help_is_a_word_too_and_has_examples_and_exit_codes(params string[] arguments)
    {
        var (code, output, error) = await RunAsync(arguments);
        Assert.Equal((ExitCodes.Fine, ""), (code, error));
        Assert.Contains("Examples:\n  tunnel-hub edge add vps", output, StringComparison.Ordinal);
        Assert.Contains("Exit codes: 0 fine, 1 failed, 2 not valid", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_is_an_option_and_a_word()
    {
        var version = (await RunAsync("--version")).Out;
        Assert.NotEmpty(version);
        Assert.Equal((ExitCodes.Fine, version, ""), await RunAsync("version"));
        Assert.Equal((ExitCodes.Fine, version, ""), await RunAsync("-V"));
    }

    [Fact]
    public void Every_command_has_examples_and_the_real_command_line_takes_each()
    {
        var root = HubCommandLine.Create();
        Assert.Empty(Paths(root, []).Except(HubExamples.All.Keys));
        Assert.Empty(HubExamples.All.Keys.Except(Paths(root, [])));
        foreach (var command in HubExamples.All.Values.SelectMany(lines => lines).SelectMany(line => line.Split(" | ")))
        {
            Assert.StartsWith("tunnel-hub ", command, StringComparison.Ordinal);
            Assert.Empty(root.Parse(command["tunnel-hub ".Length..]).Errors);
        }
    }

    [Theory]
    [InlineData("There is no edge \"nope\".\ntunnel-hub edge list shows all edges.\n", "edge", "show", "nope")]
    [InlineData(
        "There is an edge \"a\" already.\nChange its ports with tunnel-hub port, or take another id.\n", "edge", "add", "a", "--host", "h")]
    [InlineData("--limit = \"0\": must be 1–1000\n", "streams", "--limit", "0")]
    [InlineData("--for = 0: must be 1–31536000 seconds\n", "firewall", "block", "192.0.2.7", "--for", "0")]
    [InlineData("--since = \"yesterday\": must be a time such as 2026-05-01T12:00:00Z\n", "connections", "--since", "yesterday")]
    [InlineData(
        "--since \"10x\" is not a time; valid are 0, 90s, 30m, 24h, 7d, or a time such as 2026-05-01T12:00:00Z\n", "connections", "--since",
        "10x")]
    [InlineData("There is no block of 192.0.2.7.\ntunnel-hub firewall list shows all blocks.\n", "firewall", "unblock", "192.0.2.7")]
    public async Task Errors_name_options_and_commands_and_not_the_API(string expected, params string[] arguments)
    {
        await using var admin = await AdminFixture.StartAsync();
        await admin.Edges.AddAsync(TestEdges.WithSecret("a"), default);
        var (_, output, error) = await RunAsync([.. arguments, "--admin-socket", admin.SocketPath]);
        Assert.Equal(("", expected), (output, error));
    }

    [Fact]
    public async Task An_edge_is_shown_in_one_order_whatever_the_order_of_its_ports_was()
    {
        await using var admin = await AdminFixture.StartAsync();
        var policy = new PortPolicyDefinition { Name = "x" };
        await admin.Edges.AddAsync(
            TestEdges.WithSecret("a") with
            {
                ListenPorts = [PortRange.FromInt32(443), new PortRange(8000, 8010)],
                ListenPortsUdp = [PortRange.FromInt32(53)],
                Ports = EdgeDefinition.NoPorts.Add("default", policy)
                    .Add("tcp/8001", policy).Add("udp/53", policy).Add("tcp/443", policy).Add("tcp/8000", policy),
            },
            default);
        var shown = JsonElement.Parse((await RunAsync("edge", "show", "a", "--admin-socket", admin.SocketPath)).Out);
        Assert.Equal(
            ["tcp/443", "tcp/8000", "tcp/8001", "udp/53", "default"],
            shown.GetProperty("ports").EnumerateObject().Select(port => port.Name));
    }

    [Fact]
    public async Task An_empty_log_of_connections_says_why()
    {
        await using var admin = await AdminFixture.StartAsync();
        await admin.Edges.AddAsync(TestEdges.WithSecret("a"), default);
        var none = await RunAsync("connections", "--since", "10m", "--admin-socket", admin.SocketPath);
        Assert.Equal((ExitCodes.Fine, ""), (none.ExitCode, none.Out));
        Assert.Contains("No port has logConnections", none.Error, StringComparison.Ordinal);

        await admin.Edges.UpdateAsync(
            TestEdges.WithSecret(
                "a") with
            {
                Secret = null,
                Ports = EdgeDefinition.NoPorts.Add("tcp/443", new PortPolicyDefinition { LogConnections = true })
            },
            default);
        Assert.Contains(
            "No connection matches", (await RunAsync("connections", "--admin-socket", admin.SocketPath)).Error, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Paths(Command command, string[] words) =>
        command.Subcommands.SelectMany(child => Paths(child, [.. words, child.Name])).Prepend(string.Join(' ', words));

    private static async Task<(int ExitCode, string Out, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        var exitCode = await HubCommandLine.InvokeAsync(arguments, output, error);
        return (exitCode, output.ToString(), error.ToString());
    }
}
