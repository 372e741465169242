using Tunnel.Edge.Cli;
using Tunnel.Shared.Hosting;

namespace Tunnel.Edge.UnitTests.Cli;

/// <summary>The edge's command line speaks as the hub's does.</summary>
public sealed class WordsTests
{
    [Theory]
    [InlineData("tunnel-edge has no command \"stats\"; did you mean status?", "stats")]
    [InlineData("tunnel-edge run has no option --tokn-file; did you mean --token-file?", "run", "--tokn-file", "do-not-show-this-one")]
    [InlineData("tunnel-edge needs a command: run, init, status, top, doctor")]
    public async Task What_there_is_none_of_is_named_with_what_was_meant(string expected, params string[] arguments)
    {
        var (code, output, error) = await RunAsync(arguments);
        Assert.Equal((ExitCodes.Usage, ""), (code, output));
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("do-not-show", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_and_version_are_words_and_help_has_examples_and_exit_codes()
    {
        var help = await RunAsync("help", "doctor");
        Assert.Equal((ExitCodes.Fine, ""), (help.Code, help.Error));
        Assert.Contains("Examples:\n  tunnel-edge doctor", help.Out, StringComparison.Ordinal);
        Assert.Contains("Exit codes: 0 fine, 1 failed, 2 not valid", help.Out, StringComparison.Ordinal);
        Assert.Equal(await RunAsync("--version"), await RunAsync("version"));
        Assert.Equal(await RunAsync("--version"), await RunAsync("-V"));
    }

    [Fact]
    public void Every_command_has_examples_and_the_real_command_line_takes_each()
    {
        var root = EdgeCommandLine.Create();
        Assert.Equal(
            EdgeExamples.All.Keys.Order(StringComparer.Ordinal),
            root.Subcommands.Select(command => command.Name).Append("").Order(StringComparer.Ordinal));
        foreach (var line in EdgeExamples.All.Values.SelectMany(lines => lines))
            Assert.Empty(root.Parse(line["tunnel-edge ".Length..]).Errors);
    }

    [Fact]
    public void Defaults_are_written_as_the_hubs_are()
    {
        foreach (var option in EdgeCommandLine.Create().Subcommands.SelectMany(command => command.Options).Where(option =>
            option is not System.CommandLine.Help.HelpOption))
        {
            Assert.False(option.Description!.EndsWith('.'), option.Description);
            Assert.False(option.Description.EndsWith(')'), option.Description);
        }
    }

    private static async Task<(int Code, string Out, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        return (await EdgeCommandLine.RunAsync(arguments, output, error), output.ToString(), error.ToString());
    }
}
