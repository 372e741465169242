using Tunnel.Hub.Cli;
using Tunnel.Hub.Configuration;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Hosting;

namespace Tunnel.Hub.UnitTests.Cli;

public sealed class InitCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_file_that_it_writes_is_read_and_is_not_replaced_unasked()
    {
        var path = _directory.File("etc/hub.json");

        var (code, output, error) = await RunAsync(
            "--public-host", "hub.example.com:9443", "--tunnel-port", "9443", "--target-host", "10.0.0.5", "--config", path);

        Assert.True(code == ExitCodes.Fine, error);
        Assert.Contains($"{path} is written.", output, StringComparison.Ordinal);
        Assert.Contains("The edge must reach hub.example.com:9443", output, StringComparison.Ordinal);
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead, File.GetUnixFileMode(path));
        var options = TunnelHubOptionsReader.Read(TunnelHubOptionsReader.Sources(path, new Dictionary<string, string?>()));
        Assert.Equal(("hub.example.com:9443", 9443, "10.0.0.5"), (options.PublicHost, options.TunnelPort, options.TargetHost));

        var before = await File.ReadAllTextAsync(path);
        (code, _, error) = await RunAsync("--public-host", "other.example.com", "--config", path);
        Assert.Equal((ExitCodes.Usage, $"{path}: has settings already. Change them there; --force replaces the file\n"), (code, error));
        Assert.Equal(before, await File.ReadAllTextAsync(path));

        Assert.Equal(ExitCodes.Fine, (await RunAsync("--public-host", "other.example.com", "--config", path, "--force")).Code);
        Assert.Contains("other.example.com", await File.ReadAllTextAsync(path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_with_comments_alone_as_the_package_has_it_is_replaced()
    {
        var path = _directory.File("hub.json");
        await File.WriteAllTextAsync(path, "// a comment\n{\n  // \"publicHost\": \"x\",\n}\n");

        Assert.Equal(ExitCodes.Fine, (await RunAsync("--public-host", "hub.example.com", "--config", path)).Code);
        Assert.Contains("\"publicHost\": \"hub.example.com\"", await File.ReadAllTextAsync(path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hub_that_nobody_can_reach_has_no_public_host_and_is_told_to_dial()
    {
        var path = _directory.File("hub.json");

        var (code, output, error) = await RunAsync("--public-host", "none", "--config", path);

        Assert.True(code == ExitCodes.Fine, error);
        Assert.Contains("--dial EDGE", output, StringComparison.Ordinal);
        Assert.Null(TunnelHubOptionsReader.Read(TunnelHubOptionsReader.Sources(path, new Dictionary<string, string?>())).PublicHost);
    }

    [Fact]
    public async Task A_dry_run_shows_the_file_and_writes_none()
    {
        var path = _directory.File("hub.json");

        var (code, output, _) = await RunAsync("--public-host", "hub.example.com", "--config", path, "--dry-run");

        Assert.Equal(ExitCodes.Fine, code);
        Assert.Contains($"would write {path} (mode 644):", output, StringComparison.Ordinal);
        Assert.Contains("\"publicHost\": \"hub.example.com\"", output, StringComparison.Ordinal);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task What_is_wrong_is_named_by_its_option()
    {
        var (code, _, error) = await RunAsync(
            "--public-host", "a b", "--tunnel-port", "0", "--target-host", "c d", "--config", _directory.File("hub.json"));

        Assert.Equal(ExitCodes.Usage, code);
        Assert.Equal(
            ["--public-host \"a b\"", "--target-host \"c d\"", "--tunnel-port \"0\""],
            error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(':')[0]).Order(StringComparer.Ordinal));
        Assert.Empty(Directory.GetFiles(_directory.Path));
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        var code = await HubCommandLine.InvokeAsync(["init", .. arguments], output, error);
        return (code, output.ToString(), error.ToString());
    }
}
