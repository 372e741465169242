using System.CommandLine;
using Tunnel.Hub.Cli;
using Tunnel.Hub.UnitTests.Admin;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Operator;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Cli;

/// <summary>The commands that the pages tell operators to type do what the pages say.</summary>
public sealed class DocumentedCommandTests
{
    // These commands change nothing, and end by themselves.
    private static readonly string[] ReadOnly = [
        "status", "edge list", "edge show vps", "streams", "connections", "firewall list", "version", "help"];

    [Fact]
    public void Every_command_in_the_pages_is_one_that_the_real_command_line_takes()
    {
        var root = HubCommandLine.Create();
        var commands = Documentation.CommandsOf("tunnel-hub").ToArray();
        Assert.Contains(("tunnel-hub edge add vps --tcp 80,443 --udp 53", false), commands);
        Assert.True(commands.Length > 30, $"{commands.Length} commands were found");
        Assert.Empty(
            commands.Where(command => IsWrong(root.Parse(command.Line["tunnel-hub ".Length..]), command.IsMention)).Select(
                command => command.Line));
    }

    [Fact]
    public async Task Those_that_only_look_end_with_0_at_a_hub_with_that_edge()
    {
        await using var admin = await AdminFixture.StartAsync(publicHost: "hub.example.com");
        await admin.Edges.AddAsync(TestEdges.WithSecret("vps") with { ListenPorts = [new PortRange(443, 443)] }, default);
        var commands = Documentation.CommandsOf("tunnel-hub").Where(command => !command.IsMention).Select(
            command => command.Line["tunnel-hub ".Length..])
            .Where(command => ReadOnly.Any(words => command == words || command.StartsWith(words + " ", StringComparison.Ordinal)))
            .Where(command => !command.Contains("--url", StringComparison.Ordinal) && !command.Contains("ID", StringComparison.Ordinal))
            .ToArray();
        Assert.True(commands.Length > 8, string.Join('\n', commands));
        foreach (var command in commands)
        {
            using StringWriter output = new(), error = new();
            var words = command.Split(' ')[
                0] is "version" or "help" ? command.Split(' ') : [.. command.Split(' '), "--admin-socket", admin.SocketPath];
            var code = await HubCommandLine.InvokeAsync(words, output, error);
            Assert.True(code == ExitCodes.Fine, $"{command}: {code} {error}");
        }
    }

    // A sentence may name a command without its arguments.
    private static bool IsWrong(ParseResult parse, bool isMention) => isMention ? parse.UnmatchedTokens.Count > 0 : parse.Errors.Count > 0;
}
