using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>
/// A program with settings that are not valid stops at once with every error and exit code 2, and touches nothing that runs.
/// </summary>
public sealed class ConfigurationErrorTests : IDisposable
{
    private const int Usage = 2;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-errors-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task The_hub_names_every_error_of_file_environment_and_command_line()
    {
        var file = Write(
            """{ "bindAddress": "nowhere", "tunelPort": 1, "edges": [ { "id": "bad id", "secret": "short", "listenPorts": [70000] } ] }""");

        var result = await ManagedProcess.RunAsync(
            Binaries.Hub, ["run", "--config", file, "--tunnel-port", "99999"],
            environment: new Dictionary<string, string> { ["TUNNEL_HUB__LOGLEVEL"] = "loud" });

        Assert.Equal(Usage, result.ExitCode);
        foreach (var part in new[]
        {
            "tunnelPort = \"99999\"", "bindAddress = \"nowhere\"", "logLevel = \"loud\"", "did you mean tunnelPort?", "edges[0].id",
            "edges[0].secret",
            "edges[0].listenPorts[0]",
        })
        {
            Assert.Contains(part, result.StandardError);
        }

        Assert.DoesNotContain("short\"", result.StandardError);
        Assert.DoesNotContain("   at ", result.StandardError);
    }

    [Fact]
    public async Task The_hub_names_the_line_of_malformed_json()
    {
        var result = await ManagedProcess.RunAsync(Binaries.Hub, ["run", "--config", Write("{\n  \"tunnelPort\": ,\n}")]);

        Assert.Equal(Usage, result.ExitCode);
        Assert.Contains("line 2", result.StandardError);
    }

    [Fact]
    public async Task The_edge_names_every_error()
    {
        var result = await ManagedProcess.RunAsync(
            Binaries.Edge, ["run", "--token", "no-token", "--bind-address", "nowhere", "--transport", "pigeon"]);

        Assert.Equal(Usage, result.ExitCode);
        foreach (var setting in new[] { "token", "bindAddress", "transport" })
        {
            Assert.Contains(setting, result.StandardError);
        }

        Assert.DoesNotContain("no-token", result.StandardError);
    }

    [Fact]
    public async Task The_edge_says_what_it_needs_when_nothing_is_given()
    {
        var result = await ManagedProcess.RunAsync(Binaries.Edge, ["run"]);

        Assert.Equal(Usage, result.ExitCode);
        Assert.Contains("token", result.StandardError);
    }

    [Fact]
    public async Task An_unknown_option_is_a_usage_error()
    {
        Assert.Equal(Usage, (await ManagedProcess.RunAsync(Binaries.Hub, ["run", "--tunel-port", "1"])).ExitCode);
        Assert.Equal(Usage, (await ManagedProcess.RunAsync(Binaries.Edge, ["walk"])).ExitCode);
    }

    [Fact]
    public async Task A_set_of_edges_with_errors_changes_nothing()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);
        var before = (await setup.Hub.SendAsync(HttpMethod.Get, "api/v1/edges")).Body;
        var file = Write("""
            [
              { "id": "fine", "secret": "0123456789abcdef", "listenPorts": [8080] },
              { "id": "new-without-secret", "listenPorts": [0, 8081, 8081] },
              { "id": "fine", "secret": "0123456789abcdef", "listenPortsUdp": ["9-5"], "ports": { "tcp/8080": { "proxyProtocol": "v3" } } }
            ]
            """);

        var result = await setup.Hub.RunAsync("apply", "-f", file);

        Assert.Equal(Usage, result.ExitCode);
        foreach (var part in new[] { "[1].secret", "[1].listenPorts[0]", "[1].listenPorts[2]", "[2].id", "[2].listenPortsUdp[0]", "v3" })
        {
            Assert.Contains(part, result.StandardError);
        }

        Assert.DoesNotContain("0123456789abcdef", result.StandardError);
        Assert.Equal(before, (await setup.Hub.SendAsync(HttpMethod.Get, "api/v1/edges")).Body);
        await open.AssertEchoAsync();
    }

    private string Write(string json)
    {
        var file = Path.Combine(_directory.FullName, "config.json");
        File.WriteAllText(file, json);
        return file;
    }
}
