using System.CommandLine;
using System.Text.Json;
using Tunnel.Hub.Cli;
using Tunnel.Hub.UnitTests.Admin;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Tokens;

namespace Tunnel.Hub.UnitTests.Cli;

public sealed class CommandTests
{
    [Fact]
    public async Task Add_prints_the_token_alone_and_warnings_elsewhere()
    {
        await using var admin = await AdminFixture.StartAsync();
        var result = await RunAsync(admin, "edge", "add", "a", "--tcp", "22,8000-8010", "--udp", "53", "--host", "hub.example.com:9");
        Assert.Equal(ExitCodes.Fine, result.ExitCode);
        var token = Decode(Assert.Single(result.Out.TrimEnd().Split('\n')));
        Assert.Equal(("hub.example.com", 9, "a"), (token.Host, token.Port, token.EdgeId));
        Assert.Contains("SSH", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(token.Secret, result.Error, StringComparison.Ordinal);
        Assert.Equal(12, admin.Edges.Find("a")!.TcpPorts.Length);
        Assert.Equal([53], admin.Edges.Find("a")!.UdpPorts);
    }

    [Fact]
    public async Task Add_with_json_prints_id_and_token()
    {
        await using var admin = await AdminFixture.StartAsync(publicHost: "hub.example.com");
        var result = await RunAsync(admin, "edge", "add", "a", "--secret", TestEdges.Secret, "--json");
        var json = JsonElement.Parse(result.Out);
        Assert.Equal(["id", "token"], json.EnumerateObject().Select(member => member.Name));
        Assert.Equal(TestEdges.Secret, Decode(json.GetProperty("token").GetString()!).Secret);
    }

    [Fact]
    public async Task Without_a_host_nothing_is_added_and_the_error_says_what_to_give()
    {
        await using var admin = await AdminFixture.StartAsync();
        foreach (var secret in (string[][])[[], ["--secret", TestEdges.Secret]])
        {
            var result = await RunAsync(admin, ["edge", "add", "a", .. secret]);
            Assert.Equal((ExitCodes.Usage, ""), (result.ExitCode, result.Out));
            Assert.Contains("--host", result.Error, StringComparison.Ordinal);
            Assert.Contains("publicHost", result.Error, StringComparison.Ordinal);
        }

        Assert.Empty(admin.Edges.Current);
    }

    [Theory]
    [InlineData(".", "paths fold it away", "add", "show", "disable", "disconnect", "rotate-secret")]
    [InlineData("..", "paths fold it away", "enable")]
    [InlineData("", "must be 1–64", "show", "remove", "disable")]
    [InlineData("a/b", "must be 1–64", "show", "remove")]
    public async Task An_id_that_no_path_can_name_is_refused_by_every_command(string id, string expected, params string[] commands)
    {
        await using var admin = await AdminFixture.StartAsync(publicHost: "hub");
        foreach (var command in commands)
        {
            var result = await RunAsync(admin, "edge", command, id);
            Assert.Equal((ExitCodes.Usage, ""), (result.ExitCode, result.Out));
            Assert.Contains(command == "add" ? "folded away" : expected, result.Error, StringComparison.Ordinal);
        }

        Assert.Empty(admin.Edges.Current);
    }

    [Fact]
    public async Task An_id_that_no_path_can_name_is_removed_by_way_of_the_set()
    {
        await using var admin = await AdminFixture.StartAsync();
        var result = await RunAsync(admin, "edge", "remove", "..");
        Assert.Equal(ExitCodes.Failed, result.ExitCode);
        Assert.Contains("There is no edge \"..\"", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_ports_are_all_named_at_once()
    {
        await using var admin = await AdminFixture.StartAsync();
        var result = await RunAsync(admin, "edge", "add", "a", "--tcp", "0,x", "--udp", "9-1", "--host", "h");
        Assert.Equal(ExitCodes.Usage, result.ExitCode);
        Assert.Equal(3, result.Error.TrimEnd().Split('\n').Length);
    }

    [Fact]
    public async Task A_secret_may_come_from_a_file()
    {
        await using var admin = await AdminFixture.StartAsync();
        var file = admin.File("secret", TestEdges.Secret + "\n");
        Assert.Equal(ExitCodes.Fine, (await RunAsync(admin, "edge", "add", "a", "--secret-file", file, "--host", "h")).ExitCode);
        Assert.True(await admin.Edges.HasSecretAsync("a", TestEdges.Secret, default));

        var both = await RunAsync(admin, "edge", "add", "b", "--secret-file", file, "--secret", TestEdges.Secret, "--host", "h");
        Assert.Equal(ExitCodes.Usage, both.ExitCode);
        var missing = await RunAsync(admin, "edge", "add", "b", "--secret-file", file + "x", "--host", "h");
        Assert.Equal(ExitCodes.Usage, missing.ExitCode);
        var weak = await RunAsync(admin, "edge", "add", "b", "--secret-file", admin.File("weak", "do not show"), "--host", "h");
        Assert.Equal(ExitCodes.Usage, weak.ExitCode);
        Assert.DoesNotContain("do not show", weak.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disable_and_enable_keep_everything_else()
    {
        await using var admin = await AdminFixture.StartAsync();
        await admin.Edges.AddAsync(TestEdges.WithSecret("a") with { StunIntervalSecs = 77 }, default);
        Assert.Equal(ExitCodes.Fine, (await RunAsync(admin, "edge", "disable", "a")).ExitCode);
        Assert.False(admin.Edges.Find("a")!.Enabled);
        Assert.Equal(ExitCodes.Fine, (await RunAsync(admin, "edge", "enable", "a")).ExitCode);
        var edge = admin.Edges.Find("a")!;
        Assert.Equal((true, 77), (edge.Enabled, edge.StunIntervalSecs));
        Assert.Equal([443], edge.TcpPorts);
        Assert.True(await admin.Edges.HasSecretAsync("a", TestEdges.Secret, default));
    }

    [Fact]
    public async Task List_show_and_remove()
    {
        await using var admin = await AdminFixture.StartAsync();
        Assert.Contains("edge add", (await RunAsync(admin, "edge", "list")).Error, StringComparison.Ordinal);
        await admin.Edges.AddAsync(TestEdges.WithSecret("a"), default);
        Assert.Equal(
            "ID  STATE       SINCE  FROM  SECRETS  TCP  UDP\na   never seen  -      -     1        443  -\n",
            (await RunAsync(admin, "edge", "list")).Out);
        Assert.Equal("a", JsonElement.Parse((await RunAsync(admin, "edge", "list", "--json")).Out)[0].GetProperty("id").GetString());
        Assert.Equal("a", JsonElement.Parse((await RunAsync(admin, "edge", "show", "a")).Out).GetProperty("id").GetString());
        Assert.Equal(ExitCodes.Fine, (await RunAsync(admin, "edge", "remove", "a")).ExitCode);
        var gone = await RunAsync(admin, "edge", "show", "a");
        Assert.Equal((ExitCodes.Failed, ""), (gone.ExitCode, gone.Out));
        Assert.Contains("no edge \"a\"", gone.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("token", "24h", true)]
    [InlineData("token", "0", false)]
    [InlineData("rotate-secret", "90s", true)]
    [InlineData("rotate-secret", "0", false)]
    public async Task Tokens_have_a_fresh_secret_and_grace_decides_about_the_old_one(string command, string grace, bool stays)
    {
        await using var admin = await AdminFixture.StartAsync();
        await admin.Edges.AddAsync(TestEdges.WithSecret("a"), default);
        var result = await RunAsync(admin, "edge", command, "a", "--host", "h", "--grace", grace);
        Assert.True(await admin.Edges.HasSecretAsync("a", Decode(result.Out).Secret, default));
        Assert.Equal(stays, await admin.Edges.HasSecretAsync("a", TestEdges.Secret, default));
    }

    [Fact]
    public async Task A_token_names_the_other_hubs_unless_the_hub_dials()
    {
        await using var admin = await AdminFixture.StartAsync();
        admin.FurtherHubs = [new HubAddress("hub2.example.com", 8443, []), new HubAddress("2001:db8::1", 9443, [new string('A', 43)])];
        var added = await RunAsync(admin, "edge", "add", "a", "--host", "h");
        Assert.Equal(admin.FurtherHubs, Decode(added.Out).FurtherHubs);
        var decoded = await RunAsync("token", "decode", added.Out.Trim());
        Assert.Contains(
            $"hubs:   hub2.example.com:8443, [2001:db8::1]:9443#{new string('A', 43)}\n", decoded.Out, StringComparison.Ordinal);
        Assert.Empty(Decode((await RunAsync(admin, "edge", "add", "b", "--dial", "edge.example.com")).Out).FurtherHubs);
    }

    [Theory]
    [InlineData("edge", "token", "a")]
    [InlineData("edge", "rotate-secret", "a")]
    [InlineData("edge", "add", "b")]
    public async Task A_token_may_say_how_the_hub_is_reached(params string[] command)
    {
        await using var admin = await AdminFixture.StartAsync();
        await admin.Edges.AddAsync(TestEdges.WithSecret("a"), default);
        var result = await RunAsync(admin, [.. command, "--host", "h", "--transport", "quicWithFallback"]);
        Assert.Equal(TransportMode.QuicWithFallback, Decode(result.Out).Transport);
        var decoded = await RunAsync("token", "decode", result.Out.Trim());
        Assert.Contains("quicWithFallback", decoded.Out, StringComparison.Ordinal);

        var wrong = await RunAsync(admin, [.. command[..2], "c", "--host", "h", "--transport", "carrier-pigeon"]);
        Assert.Equal((ExitCodes.Usage, ""), (wrong.ExitCode, wrong.Out));
        Assert.Contains("tcpTls, quic, quicWithFallback", wrong.Error, StringComparison.Ordinal);
        Assert.Null(admin.Edges.Find("c"));
    }

    [Fact]
    public async Task Apply_shows_the_difference_by_edge_and_port_and_a_dry_run_does_nothing()
    {
        await using var admin = await AdminFixture.StartAsync();
        await admin.Edges.AddAsync(TestEdges.WithSecret("a"), default);
        await admin.Edges.AddAsync(TestEdges.WithSecret("gone"), default);
        var file = admin.File("edges.json", """
            // what runs in the city
            [{"id":"a","enabled":false,"listenPorts":[80,"8000-8002"]},{"id":"new","secret":"0123456789abcdef","listenPortsUdp":[53]},]
            """);
        const string diff = "~ a: +tcp/80,8000-8002 -tcp/443 (enabled)\n- gone: -tcp/443\n+ new: +udp/53\n";
        Assert.Equal(diff + "Dry run: nothing was changed.\n", (await RunAsync(admin, "apply", "-f", file, "--dry-run")).Out);
        Assert.Equal(["a", "gone"], admin.Edges.Current.Keys.Order());
        Assert.Equal(diff + "Applied.\n", (await RunAsync(admin, "apply", "--file", file)).Out);
        Assert.Equal(["a", "new"], admin.Edges.Current.Keys.Order());
        Assert.Equal((ExitCodes.Fine, "No changes.\n", ""), await RunAsync(admin, "apply", "-f", file));
    }

    [Theory]
    [InlineData("[{\"id\":\"a\",\"listenPorts\":[0,70000]}]", 3)]
    [InlineData("{}", 1)]
    [InlineData("null", 1)]
    [InlineData("[{", 1)]
    public async Task Apply_refuses_an_invalid_file_with_every_fault_and_exit_code_2(string content, int lines)
    {
        await using var admin = await AdminFixture.StartAsync();
        var result = await RunAsync(admin, "apply", "-f", admin.File("edges.json", content));
        Assert.Equal((ExitCodes.Usage, ""), (result.ExitCode, result.Out));
        Assert.Equal(lines, result.Error.TrimEnd().Split('\n').Length);
    }

    [Fact]
    public async Task Apply_says_before_it_begins_that_many_secrets_take_long()
    {
        await using var admin = await AdminFixture.StartAsync();
        var edges = Enumerable.Range(0, 200).Select(static _ => """{"id":"twice","secret":"0123456789abcdef"}""");
        var result = await RunAsync(admin, "apply", "-f", admin.File("edges.json", $"[{string.Join(',', edges)}]"));
        Assert.StartsWith("The hub hashes the 200 secrets of the file, ", result.Error, StringComparison.Ordinal);
        Assert.Contains("about 10 s", result.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, result.ExitCode);
    }

    [Fact]
    public async Task Status_is_for_people_or_machines()
    {
        await using var admin = await AdminFixture.StartAsync();
        Assert.Contains("port 8443: 0 of 0 edges connected", (await RunAsync(admin, "status")).Out, StringComparison.Ordinal);
        Assert.Equal("1.2.3", JsonElement.Parse((await RunAsync(admin, "status", "--json")).Out).GetProperty("version").GetString());
    }

    [Fact]
    public async Task Where_no_hub_listens_the_error_says_what_to_do()
    {
        using var directory = new TemporaryDirectory();
        var result = await RunAsync("status", "--admin-socket", directory.File("none.sock"));
        Assert.Equal(ExitCodes.Failed, result.ExitCode);
        Assert.Contains("tunnel-hub run", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decode_masks_the_secret_unless_asked()
    {
        var token = new ConnectionToken("hub.example.com", 8443, "a", TestEdges.Secret, [AdminFixture.Pin]).Encode();
        Assert.DoesNotContain(TestEdges.Secret, (await RunAsync("token", "decode", token)).Out, StringComparison.Ordinal);
        Assert.DoesNotContain(TestEdges.Secret, (await RunAsync("token", "decode", token, "--json")).Out, StringComparison.Ordinal);
        Assert.Contains(TestEdges.Secret, (await RunAsync("token", "decode", token, "--show-secret")).Out, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, (await RunAsync("token", "decode", "nonsense!")).ExitCode);
    }

    [Theory]
    [InlineData]
    [InlineData("edge")]
    [InlineData("edge", "add")]
    [InlineData("edge", "remove", "a", "b")]
    [InlineData("edge", "token", "a", "--grace", "soon")]
    [InlineData("run", "--no-such-option")]
    [InlineData("apply")]
    [InlineData("ruin")]
    public async Task What_is_no_command_is_exit_code_2_and_prints_nothing_on_standard_output(params string[] arguments)
    {
        var result = await RunAsync(arguments);
        Assert.Equal((ExitCodes.Usage, ""), (result.ExitCode, result.Out));
        Assert.Contains("--help", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_command_has_help_and_all_that_talk_to_the_hub_have_json()
    {
        foreach (var (path, command) in Leaves(HubCommandLine.Create(), []))
        {
            var help = await RunAsync([.. path, "--help"]);
            Assert.Equal(ExitCodes.Fine, help.ExitCode);
            Assert.Contains(command.Description!, help.Out, StringComparison.Ordinal);
            if (command.Name is not ("run" or "help" or "version" or "completion" or "man" or "backup" or "restore" or "import" or "export"
                or "init"))
            {
                Assert.Contains("--json", help.Out, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Run_with_invalid_settings_names_them_all()
    {
        var result = await RunAsync("run", "--tunnel-port", "70000", "--bind-address", "1", "--log-level", "loud", "--drain-timeout", "-1");
        Assert.Equal((ExitCodes.Usage, ""), (result.ExitCode, result.Out));
        foreach (var expected in (string[])[
            "tunnelPort = \"70000\" (--tunnel-port)", "bindAddress = \"1\"", "logLevel = \"loud\"", "drainTimeout = \"-1\""])
        {
            Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<(string[] Path, Command Command)> Leaves(Command command, string[] path) =>
        command.Subcommands.Count == 0
            ? [(path, command)]
            : command.Subcommands.SelectMany(child => Leaves(child, [.. path, child.Name]));

    private static Task<(int ExitCode, string Out, string Error)> RunAsync(AdminFixture admin, params string[] arguments) =>
        RunAsync([.. arguments, "--admin-socket", admin.SocketPath]);

    private static async Task<(int ExitCode, string Out, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        var exitCode = await HubCommandLine.InvokeAsync(arguments, output, error);
        return (exitCode, output.ToString(), error.ToString());
    }

    private static ConnectionToken Decode(string token)
    {
        Assert.True(ConnectionToken.TryDecode(token.TrimEnd(), out var decoded, out var error), error);
        return decoded;
    }
}
