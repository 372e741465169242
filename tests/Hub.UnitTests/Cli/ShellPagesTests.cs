using Tunnel.Hub.Cli;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Cli;

/// <summary>Completions and the manual page are written from the commands, so they can't fall behind them.</summary>
public sealed class ShellPagesTests
{
    [Theory]
    [InlineData("edge events", "tunnel-hub", "e")]
    [InlineData("add", "tunnel-hub", "edge", "a")]
    [InlineData("--tcp --transport", "tunnel-hub", "edge", "add", "vps", "--t")]
    [InlineData("v1 v2 off", "tunnel-hub", "edge", "add", "vps", "--proxy", "")]
    [InlineData("", "tunnel-hub", "edge", "add", "vps", "--key-file", "")]
    public async Task Bash_completes_words_options_and_values(string expected, params string[] words)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, await PrintAsync("completion", "bash"));
            const string script = "source \"$0\"; COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1)); _tunnel_hub; echo \"${COMPREPLY[*]}\"";
            var result = await ManagedProcess.RunAsync("bash", ["-c", script, file, .. words]);
            Assert.Equal(expected, result.Succeeded().StandardOutput.TrimEnd());
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("completion", "bash")]
    [InlineData("completion", "zsh")]
    [InlineData("completion", "fish")]
    [InlineData("man")]
    public async Task Each_names_every_command(params string[] arguments)
    {
        var page = (await PrintAsync(arguments)).Replace(@"\-", "-", StringComparison.Ordinal);
        foreach (var command in HubExamples.All.Keys.Where(path => path.Length > 0))
            Assert.Contains(command, page, StringComparison.Ordinal);
        Assert.Contains("default-proxy-protocol", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_shell_is_an_error_that_names_the_three()
    {
        using StringWriter output = new(), error = new();
        Assert.Equal(ExitCodes.Usage, await HubCommandLine.InvokeAsync(["completion", "csh"], output, error));
        foreach (var shell in (string[])["bash", "zsh", "fish"])
            Assert.Contains(shell, error.ToString(), StringComparison.Ordinal);
    }

    private static async Task<string> PrintAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        Assert.Equal(ExitCodes.Fine, await HubCommandLine.InvokeAsync(arguments, output, error));
        Assert.Equal("", error.ToString());
        return output.ToString();
    }
}
