using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>A service's state belongs to one process at a time and stays its owner's, whoever runs it, and where.</summary>
public sealed class StateTests : IDisposable
{
    private const string Somebody = "4242";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-functional-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task A_second_hub_says_who_has_the_state_and_touches_nothing()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, IPAddress.Loopback);
        var marker = Path.Combine(hub.StateDirectory, RunMarker.FileName);
        var before = await File.ReadAllTextAsync(marker);
        var second = await ManagedProcess.RunAsync(
            Binaries.Hub,
            ["run", "--tunnel-port", $"{FreePorts.Next()}", "--state-dir", hub.StateDirectory, "--admin-socket", At("second.sock")]);

        Assert.Equal(1, second.ExitCode);
        Assert.Contains($"is in use by process {hub.Process.Id}, since ", second.StandardError, StringComparison.Ordinal);
        Assert.False(File.Exists(At("second.sock")));
        Assert.Equal(before, await File.ReadAllTextAsync(marker));
        await hub.AddEdgeAsync("real", [80], []);
        Assert.Contains("\"real\"", await File.ReadAllTextAsync(Path.Combine(hub.StateDirectory, "edges.json")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_edge_says_who_has_the_state()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, IPAddress.Loopback);
        var token = await hub.AddEdgeAsync("edge-1", [], []);
        await using var edge = EdgeProcess.Start(_directory.FullName, token, LoopbackAddresses.Next(), "--state-dir", At("edge"));
        await edge.WaitForPortsAsync([], []);
        await using var second = EdgeProcess.Start(_directory.FullName, token, LoopbackAddresses.Next(), "--state-dir", At("edge"));

        Assert.Equal(1, await second.Process.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains($"is in use by process {edge.Process.Id}, since ", second.Process.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_root_does_in_a_services_state_leaves_it_the_services()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give files away");
        var state = Directory.CreateDirectory(At("state")).FullName;
        (await ManagedProcess.RunAsync("/bin/chown", [$"{Somebody}:{Somebody}", state])).Succeeded();
        await using (var hub = await HubProcess.StartAsync(_directory.FullName, IPAddress.Loopback))
        {
            await hub.AddEdgeAsync("edge-1", [80], []);
            (await hub.RunAsync("certificate", "next")).Succeeded();
            // The hub is killed, so that its marker stays.
        }

        Assert.All(Directory.EnumerateFiles(state), file => Assert.Equal(uint.Parse(Somebody), UnixFile.At(file)!.Value.Owner));
    }

    [Fact]
    public async Task Both_services_run_as_a_user_without_a_home_and_an_entry_in_passwd()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can be somebody else");
        File.SetUnixFileMode(_directory.FullName, (UnixFileMode)0b111_101_101);
        foreach (var name in (string[])["hub", "edge"])
        {
            var place = Directory.CreateDirectory(At(name)).FullName;
            (await ManagedProcess.RunAsync("/bin/chown", [Somebody, place])).Succeeded();
        }

        var port = FreePorts.Next();
        await using var hub = WithoutHome(
            "tunnel-hub", Binaries.Hub, "run", "--tunnel-port", $"{port}", "--bind-address", "127.0.0.1", "--state-dir", At("hub"));
        await hub.WaitForLineAsync("tunnel-hub is ready");

        // The socket follows the state: there is no directory for it elsewhere.
        using var admin = new AdminClient("tunnel-hub", Path.Combine(At("hub"), "run/admin.sock"));
        var edge = new JsonObject { ["id"] = "edge-1", ["listenPorts"] = new JsonArray() };
        var token =
            (await admin.SendAsync(HttpMethod.Post, $"api/v1/edges?host=127.0.0.1:{port}", edge.ToJsonString(), CancellationToken.None))
            .Json().GetProperty("token").GetString()!;
        var file = At("token");
        await File.WriteAllTextAsync(file, KnownSecrets.Add(token));
        await using var process = WithoutHome(
            "tunnel-edge", Binaries.Edge, "run", "--token-file", file, "--stun-servers", "[]", "--firewall", "off", "--state-dir",
            At("edge"));
        await process.WaitForLineAsync("Connected to the hub");
        Assert.True(File.Exists(Path.Combine(At("edge"), "run/admin.sock")));
    }

    [Fact]
    public async Task A_command_whose_output_can_not_be_written_ends_quietly_with_1()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, IPAddress.Loopback);
        var token = await hub.AddEdgeAsync("edge-1", [], []);
        await using var edge = EdgeProcess.Start(_directory.FullName, token, LoopbackAddresses.Next());
        await edge.WaitForPortsAsync([], []);
        var hubSocket = $"--admin-socket {hub.AdminSocket}";
        string[] commands =
        [
            $"{Binaries.Hub} --help", $"{Binaries.Hub} status {hubSocket}", $"{Binaries.Hub} edge list --json {hubSocket}",
            $"{Binaries.Edge} --version", $"{Binaries.Edge} status --admin-socket {edge.AdminSocket}",
        ];
        foreach (var command in commands)
        {
            var full = await ManagedProcess.RunAsync("/bin/sh", ["-c", $"{command} > /dev/full"]);
            Assert.Equal((command, 1, ""), (command, full.ExitCode, full.StandardError));

            // The reader is gone before the first byte.
            var closed = await ManagedProcess.RunAsync(
                "/bin/bash", ["-c", $"set -o pipefail; (read -r wait < {Fifo()}; {command}) | {{ exec 0<&-; echo > {At("fifo")}; }}"]);
            Assert.Equal((command, 1, ""), (command, closed.ExitCode, closed.StandardError));
        }
    }

    [Theory]
    [InlineData("tunnel-hub")]
    [InlineData("tunnel-edge")]
    public async Task A_machine_without_OpenSSL_is_told_so(string program)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "hiding a library needs root");
        var binary = program == "tunnel-hub" ? Binaries.Hub : Binaries.Edge;
        var result = await ManagedProcess.RunAsync(
            "/usr/bin/unshare",
            ["--mount", "/bin/sh", "-c", "for lib in /usr/lib/*/libssl.so.* /usr/lib64/libssl.so.*; do [ ! -e $lib ] || mount --bind "
                + $"/dev/null $lib; done; exec {binary} run"]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"{program} needs OpenSSL", result.StandardError, StringComparison.Ordinal);
    }

    private static ManagedProcess WithoutHome(string name, string program, params string[] arguments)
    {
        // The test's own program files may be in a place that only root may look into.
        string[] environment = Environment.GetEnvironmentVariable("DOTNET_ROOT") is { } root ? [$"DOTNET_ROOT={root}"] : [];
        return ManagedProcess.Start(
            name,
            DebianProgram.Setpriv,
            [
                "--reuid", Somebody, "--regid", Somebody, "--clear-groups", "--bounding-set", "-all", "--inh-caps", "-all", "/usr/bin/env",
                "-i", .. environment, program, .. arguments]);
    }

    private string Fifo()
    {
        var path = At("fifo");
        if (!File.Exists(path))
            Process.Start("mkfifo", path).WaitForExit();
        return path;
    }

    private string At(string name) => Path.Combine(_directory.FullName, name);
}
