using System.Text.Json;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>The commands that operators and other tools rely on.</summary>
public sealed class CommandTests : IAsyncLifetime
{
    private const string Secret = "a-secret-of-my-own-choice";

    private DirectoryInfo _directory = null!;
    private HubProcess _hub = null!;

    public async ValueTask InitializeAsync()
    {
        _directory = Directory.CreateTempSubdirectory("tunnel-commands-");
        _hub = await HubProcess.StartAsync(_directory.FullName, LoopbackAddresses.Next());
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Edge_add_prints_the_token_alone_on_standard_output()
    {
        var result = (await _hub.RunAsync(
            "edge", "add", "nyc", "--tcp", "80,443,8000-8010", "--udp", "53", "--host", "hub.example.com:8443")).Succeeded();

        var token = Decode(result.StandardOutput.Trim());
        Assert.Equal(("hub.example.com", 8443, "nyc"), (token.Host, token.Port, token.EdgeId));
        Assert.Single(token.Pins);
        Assert.DoesNotContain('\n', result.StandardOutput.Trim());
        var edge = await EdgeAsync("nyc");
        Assert.Equal("""[80,443,"8000-8010"]""", edge.GetProperty("listenPorts").GetRawText().Replace(" ", "").Replace("\n", ""));
        Assert.False(edge.TryGetProperty("secret", out _));
    }

    [Fact]
    public async Task Edge_add_takes_a_secret_and_prints_json()
    {
        var result = (await _hub.RunAsync("edge", "add", "own", "--secret", Secret, "--host", "h", "--json")).Succeeded();

        using var json = JsonDocument.Parse(result.StandardOutput);
        Assert.Equal("own", json.RootElement.GetProperty("id").GetString());
        Assert.Equal(Secret, Decode(json.RootElement.GetProperty("token").GetString()!).Secret);
    }

    [Fact]
    public async Task A_token_without_a_host_is_an_error_that_says_so()
    {
        var result = await _hub.RunAsync("edge", "add", "lost");

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("--host", result.StandardError);
        Assert.Contains("publicHost", result.StandardError);
        Assert.Equal("", result.StandardOutput);
        Assert.NotEqual(0, (await _hub.RunAsync("edge", "show", "lost")).ExitCode);
    }

    [Fact]
    public async Task Edge_token_gives_a_fresh_secret_or_takes_a_valid_one()
    {
        (await _hub.RunAsync("edge", "add", "e", "--secret", Secret, "--host", "h")).Succeeded();

        var fresh = Decode((await _hub.RunAsync("edge", "token", "e", "--host", "other:9")).Succeeded().StandardOutput.Trim());
        Assert.Equal(("other", 9), (fresh.Host, fresh.Port));
        Assert.NotEqual(Secret, fresh.Secret);

        var given = Decode(
            (await _hub.RunAsync("edge", "token", "e", "--host", "h", "--secret", Secret)).Succeeded().StandardOutput.Trim());
        Assert.Equal(Secret, given.Secret);
        Assert.NotEqual(0, (await _hub.RunAsync("edge", "token", "e", "--host", "h", "--secret", "not-the-secret-of-e")).ExitCode);

        // Older tokens stay valid for a while.
        Assert.True(await IsAcceptedAsync("e", Secret));
        Assert.True(await IsAcceptedAsync("e", fresh.Secret));
    }

    [Fact]
    public async Task Rotate_secret_without_grace_ends_the_old_one()
    {
        (await _hub.RunAsync("edge", "add", "r", "--secret", Secret, "--host", "h")).Succeeded();

        var token = Decode(
            (await _hub.RunAsync("edge", "rotate-secret", "r", "--grace", "0", "--host", "h")).Succeeded().StandardOutput.Trim());

        Assert.False(await IsAcceptedAsync("r", Secret));
        Assert.True(await IsAcceptedAsync("r", token.Secret));
    }

    [Fact]
    public async Task Edges_are_listed_shown_disabled_enabled_and_removed()
    {
        (await _hub.RunAsync("edge", "add", "one", "--tcp", "8080", "--secret", Secret, "--host", "h")).Succeeded();
        (await _hub.RunAsync("edge", "add", "two", "--host", "h")).Succeeded();

        var list = (await _hub.RunAsync("edge", "list")).Succeeded().StandardOutput;
        Assert.Contains("one", list);
        Assert.Contains("two", list);
        using (var json = JsonDocument.Parse((await _hub.RunAsync("edge", "list", "--json")).Succeeded().StandardOutput))
        {
            Assert.Equal(2, json.RootElement.GetArrayLength());
        }

        var shown = (await _hub.RunAsync("edge", "show", "one")).Succeeded().StandardOutput;
        Assert.Contains("8080", shown);
        Assert.DoesNotContain(Secret, shown);

        (await _hub.RunAsync("edge", "disable", "one")).Succeeded();
        Assert.False(await IsAcceptedAsync("one", Secret));
        (await _hub.RunAsync("edge", "enable", "one")).Succeeded();
        Assert.True(await IsAcceptedAsync("one", Secret));
        (await _hub.RunAsync("edge", "remove", "one")).Succeeded();
        Assert.False(await IsAcceptedAsync("one", Secret));
        Assert.Equal(1, (await _hub.RunAsync("edge", "show", "one")).ExitCode);
    }

    [Fact]
    public async Task Apply_shows_what_would_change_and_then_changes_it()
    {
        (await _hub.RunAsync("edge", "add", "old", "--tcp", "8080", "--secret", Secret, "--host", "h")).Succeeded();
        var file = Path.Combine(_directory.FullName, "edges.json");
        await File.WriteAllTextAsync(file, """
            [ { "id": "old", "listenPorts": [8081] }, { "id": "new", "secret": "a-secret-for-the-new-one", "listenPorts": [9000] } ]
            """);

        var dry = (await _hub.RunAsync("apply", "-f", file, "--dry-run")).Succeeded().StandardOutput;
        foreach (var part in new[] { "old", "new", "8080", "8081" })
        {
            Assert.Contains(part, dry);
        }

        Assert.Equal(8080, (await EdgeAsync("old")).GetProperty("listenPorts")[0].GetInt32());
        (await _hub.RunAsync("apply", "-f", file)).Succeeded();
        Assert.Equal(8081, (await EdgeAsync("old")).GetProperty("listenPorts")[0].GetInt32());
        Assert.True(await IsAcceptedAsync("old", Secret), "An edge without a secret keeps the one that it has.");
    }

    [Fact]
    public async Task Status_is_for_people_and_for_machines()
    {
        Assert.Contains($"{_hub.TunnelPort}", (await _hub.RunAsync("status")).Succeeded().StandardOutput);
        using var json = JsonDocument.Parse((await _hub.RunAsync("status", "--json")).Succeeded().StandardOutput);
        Assert.True(json.RootElement.GetProperty("running").GetBoolean());
        Assert.Equal(_hub.TunnelPort, json.RootElement.GetProperty("tunnelPort").GetInt32());
        Assert.Equal(0, json.RootElement.GetProperty("connectedEdges").GetArrayLength());
    }

    [Fact]
    public async Task On_a_terminal_tables_fold_failures_are_red_and_nothing_else_steers_it()
    {
        (await _hub.RunAsync("edge", "add", "wide", "--tcp", "1000,2000,3000,4000,5000,6000,7000", "--host", "h")).Succeeded();
        var list = await OnTerminalAsync("edge list");
        Assert.DoesNotContain('\e', list);
        Assert.Contains("1000,2000,", list, StringComparison.Ordinal);
        Assert.All(list.Split('\n'), line => Assert.InRange(line.TrimEnd('\r').Length, 0, 60));

        // No target of the port listens.
        Assert.Contains("\e[31mFAILED\e[0m   upstreams", await OnTerminalAsync("doctor"), StringComparison.Ordinal);
        var plain = await OnTerminalAsync("doctor", "NO_COLOR=1");
        Assert.Contains("FAILED   upstreams", plain, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', plain);
    }

    private async Task<string> OnTerminalAsync(string command, string environment = "")
    {
        var line = $"stty cols 60; TERM=xterm {environment} {Binaries.Hub} {command} --admin-socket {_hub.AdminSocket}";
        return (await ManagedProcess.RunAsync(DebianProgram.Script, ["--quiet", "--command", line, "/dev/null"])).StandardOutput;
    }

    [Fact]
    public async Task Token_decode_masks_the_secret_unless_asked()
    {
        var token = new ConnectionToken("hub.example.com", 8443, "nyc", Secret, []).Encode();

        var masked = (await ManagedProcess.RunAsync(Binaries.Hub, ["token", "decode", token])).Succeeded().StandardOutput;
        Assert.Contains("hub.example.com", masked);
        Assert.DoesNotContain(Secret, masked);
        Assert.Contains(
            Secret, (await ManagedProcess.RunAsync(Binaries.Hub, ["token", "decode", token, "--show-secret"])).Succeeded().StandardOutput);
        Assert.Equal(2, (await ManagedProcess.RunAsync(Binaries.Hub, ["token", "decode", "nonsense"])).ExitCode);
    }

    [Fact]
    public async Task A_command_without_a_running_service_says_so()
    {
        var nowhere = Path.Combine(_directory.FullName, "nowhere.sock");
        foreach (var (program, name) in new[] { (Binaries.Hub, "tunnel-hub"), (Binaries.Edge, "tunnel-edge") })
        {
            var result = await ManagedProcess.RunAsync(program, ["status", "--admin-socket", nowhere]);

            Assert.Equal(1, result.ExitCode);
            Assert.Contains($"{name} is not running", result.StandardError);
        }
    }

    [Fact]
    public async Task Edge_status_is_for_people_and_for_machines()
    {
        var token = (await _hub.RunAsync("edge", "add", "s", "--host", $"127.0.0.1:{_hub.TunnelPort}")).Succeeded().StandardOutput.Trim();
        await using var edge = EdgeProcess.Start(_directory.FullName, token, LoopbackAddresses.Next());
        await edge.WaitForPortsAsync([], []);

        Assert.Contains(
            "connected",
            (await ManagedProcess.RunAsync(Binaries.Edge, ["status", "--admin-socket", edge.AdminSocket])).Succeeded().StandardOutput);
        var result = (await ManagedProcess.RunAsync(Binaries.Edge, ["status", "--json", "--admin-socket", edge.AdminSocket])).Succeeded();
        using var json = JsonDocument.Parse(result.StandardOutput);
        Assert.True(json.RootElement.GetProperty("connected").GetBoolean());
    }

    [Fact]
    public async Task Every_command_has_help()
    {
        foreach (var (program, command) in new[]
        {
            (Binaries.Hub, "run"), (Binaries.Hub, "edge"), (Binaries.Hub, "edge add"), (Binaries.Hub, "edge token"),
            (Binaries.Hub, "apply"),
            (Binaries.Hub, "status"), (Binaries.Hub, "token decode"), (Binaries.Edge, "run"), (Binaries.Edge, "status"),
        })
        {
            Assert.Contains(
                "Usage:", (await ManagedProcess.RunAsync(program, [.. command.Split(' '), "--help"])).Succeeded().StandardOutput);
        }
    }

    [Fact]
    public async Task No_secret_is_in_the_log_or_in_the_state()
    {
        (await _hub.RunAsync("edge", "add", "quiet", "--secret", Secret, "--host", "h")).Succeeded();
        Assert.True(await IsAcceptedAsync("quiet", Secret));

        Assert.DoesNotContain(Secret, _hub.Process.Log);
        // The hub holds the lock, and the error says so.
        var files = Directory.EnumerateFiles(_hub.StateDirectory).Where(static file => Path.GetFileName(file) != "lock").ToArray();
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.DoesNotContain(Secret, File.ReadAllText(file)));
    }

    private static ConnectionToken Decode(string text) =>
        ConnectionToken.TryDecode(text, out var token, out var error) ? token : throw new FormatException(error + text);

    private async Task<JsonElement> EdgeAsync(string id)
    {
        var answer = await _hub.SendAsync(HttpMethod.Get, $"api/v1/edges/{id}");
        Assert.True(answer.IsSuccess, answer.Body);
        return answer.Json();
    }

    private async Task<bool> IsAcceptedAsync(string id, string secret)
    {
        using var peer = await TunnelPeer.ConnectAsync(_hub.EndPoint);
        await peer.SendAsync($"EDGE {id} {secret}\n");
        var line = await peer.ReadLineAsync();
        Assert.True(line.Contains("listenPorts") || line == """{"error":"unauthorized"}""", line);
        return line.Contains("listenPorts");
    }
}
