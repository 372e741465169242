using System.Net.Sockets;
using System.Text.Json;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.Shared.Transport.Quic;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary><c>tunnel-edge doctor</c> runs against a real hub.</summary>
public sealed class DoctorTests
{
    [Theory]
    [InlineData("tcpTls")]
    [InlineData("quic")]
    public async Task Beside_a_running_edge_all_is_well_and_the_edge_keeps_its_tunnel(string transport)
    {
        QuicRequired.CheckFor(transport);
        await using var setup = await TunnelSetup.StartAsync(
            tcp: 2, udp: 1, policies: TunnelSetup.WithoutHeader, edgeArguments: ["--transport", transport]);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var pair = await setup.OpenAsync(upstream, setup.Tcp[0]);
        var before = (await setup.Edge.StatusAsync())!.Value.GetProperty("since").GetDateTimeOffset();

        var (code, checks) = await RunAsync(
            setup.Token, "--bind-address", setup.EdgeAddress.ToString(), "--admin-socket", setup.Edge.AdminSocket, "--transport",
            transport);

        Assert.Equal(0, code);
        foreach (var name in new[] { "dns", "tcp", "tls", "path", "authentication", "ports" })
            Assert.Equal("ok", Status(checks, name));
        Assert.Contains("3 of them held by the running edge", checks["ports"].GetProperty("detail").GetString());
        Assert.Equal(QuicLibrary.TryLoad(out _) ? "ok" : "skipped", Status(checks, "quic"));
        Assert.All((await setup.Hub.StatusAsync()).GetProperty("refusals").EnumerateObject(), reason =>
            Assert.Equal(0, reason.Value.GetInt64()));
        await pair.AssertEchoAsync();
        Assert.Equal(before, (await setup.Edge.StatusAsync())!.Value.GetProperty("since").GetDateTimeOffset());
        Assert.DoesNotContain("another edge process", setup.Hub.Process.Log + setup.Edge.Process.Log, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Without_a_token_it_takes_the_settings_of_the_running_service_and_its_limits()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        var result = await ManagedProcess.RunAsync(Binaries.Edge, ["doctor", "--json", "--admin-socket", setup.Edge.AdminSocket]);
        Assert.Equal("", result.StandardError);
        var checks = JsonElement.Parse(result.StandardOutput).GetProperty("checks").EnumerateArray().ToDictionary(
            check => check.GetProperty("name").GetString()!);
        Assert.Contains("those of the running service", checks["settings"].GetProperty("detail").GetString());
        foreach (var name in new[] { "settings", "tcp", "tls", "authentication", "ports" })
            Assert.Equal("ok", Status(checks, name));
        Assert.Contains("for the service", checks["descriptors"].GetProperty("detail").GetString());

        var none = await ManagedProcess.RunAsync(Binaries.Edge, ["doctor", "--admin-socket", Path.Combine(setup.Directory, "none.sock")]);
        Assert.Equal(1, none.ExitCode);
        Assert.Contains("no service answers at", none.StandardOutput);
    }

    [Fact]
    public async Task The_hubs_doctor_looks_at_upstreams_certificate_state_port_edges_and_descriptors()
    {
        await using var setup = await TunnelSetup.StartAsync(tcp: 2, policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        var missing = await setup.Hub.RunAsync("doctor", "--json");
        Assert.Equal(1, missing.ExitCode);
        var checks = JsonElement.Parse(missing.StandardOutput).GetProperty("checks").EnumerateArray().ToDictionary(
            check => check.GetProperty("name").GetString()!);
        foreach (var name in new[] { "service", "certificate", "state", "tunnel-port", "edges" })
            Assert.Equal("ok", Status(checks, name));
        Assert.Equal("failed", Status(checks, "upstreams"));
        Assert.Contains(
            $"tcp {setup.TargetAddress}:{setup.Tcp[1]}: Connection refused", checks["upstreams"].GetProperty("detail").GetString());
        Assert.Contains("of the service are in use", checks["descriptors"].GetProperty("detail").GetString());

        using var other = setup.Listen(setup.Tcp[1]);
        var all = (await setup.Hub.RunAsync("doctor")).Succeeded().StandardOutput;
        Assert.Contains("ok       upstreams       2 of 2 answer", all);
    }

    [Fact]
    public async Task A_wrong_pin_fails_before_the_secret_is_said()
    {
        await using var setup = await TunnelSetup.StartAsync();
        Assert.True(ConnectionToken.TryDecode(setup.Token, out var token, out _));
        var (code, checks) = await RunAsync((token with { Pins = [new string('A', 43)] }).Encode());
        Assert.Equal(1, code);
        Assert.Equal("failed", Status(checks, "tls"));
        Assert.Equal("failed", Status(checks, "authentication"));
        Assert.Equal("skipped", Status(checks, "ports"));
        Assert.DoesNotContain("failed to authenticate", setup.Hub.Process.Log);
    }

    [Fact]
    public async Task A_wrong_secret_fails_with_the_command_for_another_token_and_is_not_shown()
    {
        const string Secret = "not-the-secret-of-it";
        await using var setup = await TunnelSetup.StartAsync();
        Assert.True(ConnectionToken.TryDecode(setup.Token, out var token, out _));
        var (code, checks) = await RunAsync((token with { Secret = Secret }).Encode());
        Assert.Equal(1, code);
        Assert.Equal("ok", Status(checks, "tls"));
        Assert.Equal("failed", Status(checks, "authentication"));
        Assert.Contains("tunnel-hub edge token", checks["authentication"].GetProperty("advice").GetString());
        Assert.DoesNotContain(checks.Values, check => check.ToString().Contains(Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_hub_that_is_down_fails_at_tcp()
    {
        var token = new ConnectionToken("127.0.0.1", FreePorts.Next(), "edge-1", "a-very-secret-secret", []);
        var (code, checks) = await RunAsync(token.Encode());
        Assert.Equal(1, code);
        Assert.Equal("failed", Status(checks, "tcp"));
        Assert.Contains("TCP", checks["tcp"].GetProperty("advice").GetString());
        Assert.Equal("skipped", Status(checks, "authentication"));
    }

    [Fact]
    public async Task A_port_that_another_program_has_is_named()
    {
        await using var setup = await TunnelSetup.StartAsync();
        var other = LoopbackAddresses.Next();
        using var holder = new TcpListener(other, setup.Tcp[0]);
        holder.Start();
        // This edge's own admin socket is not there, as though it ran on another machine.
        var (code, checks) = await RunAsync(
            setup.Token, "--bind-address", other.ToString(), "--admin-socket", Path.Combine(setup.Directory, "none.sock"));
        Assert.Equal(1, code);
        Assert.Equal("failed", Status(checks, "ports"));
        Assert.Contains($"tcp/{setup.Tcp[0]}: address in use", checks["ports"].GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Text_has_a_line_for_each_check_and_wrong_settings_end_with_2()
    {
        var token = new ConnectionToken("127.0.0.1", FreePorts.Next(), "edge-1", "a-very-secret-secret", []);
        var shown = await ManagedProcess.RunAsync(Binaries.Edge, ["doctor", "--token", token.Encode()]);
        Assert.Equal(1, shown.ExitCode);
        foreach (var name in new[]
        {
            "dns", "tcp", "tls", "path", "quic", "authentication", "ports", "nftables", "descriptors", "udp-buffers", "tcp-memory", "clock",
        })
        {
            Assert.Contains(shown.StandardOutput.Split('\n'), line => line.Contains($" {name} ", StringComparison.Ordinal));
        }

        Assert.Contains("FAILED   tcp", shown.StandardOutput);

        Assert.Equal(2, (await ManagedProcess.RunAsync(Binaries.Edge, ["doctor", "--token", "nonsense"])).ExitCode);
    }

    private static string? Status(IReadOnlyDictionary<string, JsonElement> checks, string name) =>
        checks[name].GetProperty("status").GetString();

    private static async Task<(int Code, IReadOnlyDictionary<string, JsonElement> Checks)> RunAsync(string token, params string[] more)
    {
        var result = await ManagedProcess.RunAsync(Binaries.Edge, ["doctor", "--json", "--token", token, .. more]);
        Assert.Empty(result.StandardError);
        var report = JsonElement.Parse(result.StandardOutput);
        Assert.Equal(result.ExitCode == 0, report.GetProperty("ok").GetBoolean());
        return (result.ExitCode,
            report.GetProperty("checks").EnumerateArray().ToDictionary(check => check.GetProperty("name").GetString()!));
    }
}
