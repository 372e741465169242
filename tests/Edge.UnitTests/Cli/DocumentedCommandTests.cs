using System.CommandLine;
using Tunnel.Edge.Cli;
using Tunnel.TestUtilities;

namespace Tunnel.Edge.UnitTests.Cli;

public sealed class DocumentedCommandTests
{
    [Fact]
    public void Every_command_in_the_pages_is_one_that_the_real_command_line_takes()
    {
        var root = EdgeCommandLine.Create();
        var commands = Documentation.CommandsOf("tunnel-edge").ToArray();
        Assert.Contains(("tunnel-edge doctor", false), commands);
        Assert.Empty(
            commands.Where(command => IsWrong(root.Parse(command.Line["tunnel-edge ".Length..]), command.IsMention)).Select(
                command => command.Line));
    }

    // A sentence may name a command without its arguments.
    private static bool IsWrong(ParseResult parse, bool isMention) => isMention ? parse.UnmatchedTokens.Count > 0 : parse.Errors.Count > 0;
}
