using Tunnel.Edge.Cli;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Protocol.Tokens;

namespace Tunnel.Edge.UnitTests.Cli;

public sealed class InitCommandTests : IDisposable
{
    private const string Secret = "a-secret-of-sixteen-or-more";
    private readonly string _directory = Directory.CreateTempSubdirectory("tunnel-init-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_token_is_checked_and_kept_for_its_owner_alone()
    {
        var token = new ConnectionToken("hub.example.com", 8443, "vps", Secret, []).Encode();
        var (source, target) = (Path.Combine(_directory, "token.txt"), Path.Combine(_directory, "etc/token"));
        await File.WriteAllTextAsync(source, $"  {token}\r\nand more\n");

        var shown = await RunAsync("--token-file", source, "--to", target, "--dry-run");
        Assert.Equal((ExitCodes.Fine, $"would write {target} (mode 600)\n"), (shown.Code, shown.Output));
        Assert.False(File.Exists(target));

        var (code, output, error) = await RunAsync("--token-file", source, "--to", target);
        Assert.True(code == ExitCodes.Fine, error);
        Assert.Equal($"{token}\n", await File.ReadAllTextAsync(target));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(target));
        Assert.Contains("This is edge vps of the hub at hub.example.com:8443.", output, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not a token")]
    [InlineData("")]
    public async Task What_is_no_token_is_refused_and_changes_nothing(string content)
    {
        var (source, target) = (Path.Combine(_directory, "token.txt"), Path.Combine(_directory, "token"));
        await File.WriteAllTextAsync(source, content);
        await File.WriteAllTextAsync(target, "the one before");

        var (code, _, error) = await RunAsync("--token-file", source, "--to", target);

        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("copy the whole token", error, StringComparison.Ordinal);
        Assert.Equal("the one before", await File.ReadAllTextAsync(target));
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_named()
    {
        var (code, _, error) = await RunAsync("--token-file", Path.Combine(_directory, "none"), "--to", Path.Combine(_directory, "token"));

        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("none: does not exist", error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        var code = await EdgeCommandLine.RunAsync(["init", .. arguments], output, error);
        return (code, output.ToString(), error.ToString());
    }
}
