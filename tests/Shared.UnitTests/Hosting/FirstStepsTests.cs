using Tunnel.Shared.Hosting;

namespace Tunnel.Shared.UnitTests.Hosting;

public sealed class FirstStepsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tunnel-steps-").FullName;
    private readonly List<string> _ran = [];
    private readonly StringWriter _output = new();
    private string? _fails;

    public void Dispose()
    {
        Directory.Delete(_directory, recursive: true);
        _output.Dispose();
    }

    [Fact]
    public async Task They_are_done_in_order_and_said()
    {
        var path = Path.Combine(_directory, "etc/token");
        var steps = Steps(hasUnit: true);
        steps.Write(path, "hello\n", UnixFileMode.UserRead | UnixFileMode.UserWrite, isSecret: true);
        steps.Start("tunnel-test", "tunnel-test run");

        await steps.DoAsync(_output);

        Assert.Equal("hello\n", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal(["systemctl enable tunnel-test", "systemctl restart tunnel-test"], _ran);
        Assert.Equal([$"{path} is written.", "tunnel-test starts with the machine.", "tunnel-test runs."], Lines());
    }

    [Fact]
    public void They_are_shown_without_secrets_and_nothing_is_done()
    {
        var steps = Steps(hasUnit: true);
        steps.Write(Path.Combine(_directory, "a"), "{\n}\n", UnixFileMode.UserRead | UnixFileMode.OtherRead);
        steps.Write(Path.Combine(_directory, "b"), "secret", UnixFileMode.UserRead, isSecret: true);
        steps.Start("tunnel-test", "tunnel-test run");

        steps.Show(_output);

        Assert.Equal(
            [
                $"would write {_directory}/a (mode 404):", "  {", "  }", $"would write {_directory}/b (mode 400)",
                "would run: systemctl enable tunnel-test",
                "would run: systemctl restart tunnel-test",
            ],
            Lines());
        Assert.Empty(Directory.GetFiles(_directory));
        Assert.Empty(_ran);
    }

    [Fact]
    public async Task Where_systemd_does_not_know_the_service_it_is_said_how_to_start_it()
    {
        var steps = Steps(hasUnit: false);
        steps.Start("tunnel-test", "tunnel-test run");

        await steps.DoAsync(_output);

        Assert.Equal(["Start it with: tunnel-test run"], Lines());
        Assert.Empty(_ran);
    }

    [Fact]
    public async Task A_step_that_fails_ends_them_and_is_named()
    {
        _fails = "enable";
        var steps = Steps(hasUnit: true);
        steps.Start("tunnel-test", "tunnel-test run");

        var error = await Assert.ThrowsAsync<OperatorException>(() => steps.DoAsync(_output));

        Assert.Equal("systemctl enable tunnel-test failed with 4: not allowed", error.Message);
        Assert.Single(_ran);
    }

    [Fact]
    public async Task A_file_that_can_not_be_written_is_named()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, "file"), "", TestContext.Current.CancellationToken);
        var steps = Steps(hasUnit: true);
        steps.Write(Path.Combine(_directory, "file/below"), "", UnixFileMode.UserRead);

        var error = await Assert.ThrowsAsync<OperatorException>(() => steps.DoAsync(_output));

        Assert.Contains($"{_directory}/file/below can't be written", error.Message, StringComparison.Ordinal);
    }

    private FirstSteps Steps(bool hasUnit) => new(_ => hasUnit, (program, arguments) =>
    {
        _ran.Add($"{program} {string.Join(' ', arguments)}");
        return Task.FromResult(_fails is not null && arguments.Contains(_fails) ? (4, "not allowed\n") : (0, ""));
    });

    private string[] Lines() => _output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
