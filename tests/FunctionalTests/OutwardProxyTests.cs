using System.Net;
using System.Text.Json;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Programs;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Edges that reach their hub only through a proxy, which is a program of Debian's.</summary>
public sealed class OutwardProxyTests : IDisposable
{
    private const string User = "me:a-password-of-the-proxy";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-proxy-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("http", null)]
    [InlineData("http", User)]
    [InlineData("socks5", null)]
    [InlineData("socks5", User)]
    public async Task A_tunnel_goes_through_the_proxy_and_comes_back_after_it_was_away(string kind, string? user)
    {
        KnownSecrets.Add(User.Split(':')[1]);
        var proxyPort = FreePorts.Next();
        var proxy = await OutwardProxy.StartAsync(kind, _directory.FullName, proxyPort, user);
        try
        {
            var url = $"{kind}://{(user is null ? "" : user + "@")}127.0.0.1:{proxyPort}";
            // Where TLS is asked for, QUIC is not even tried.
            await using var setup = await TunnelSetup.StartAsync(
                policies: TunnelSetup.WithoutHeader,
                edgeArguments: ["--proxy", url, "--transport", "quicWithFallback"]);
            using var upstream = setup.Listen(setup.Tcp[0]);
            await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
            var status = (await setup.Edge.StatusAsync())!.Value;
            Assert.Equal($"127.0.0.1:{proxyPort}", status.GetProperty("hubAddress").GetString());
            Assert.Equal($"{kind}://127.0.0.1:{proxyPort}", status.GetProperty("proxy").GetString());
            Assert.Equal("proxied", status.GetProperty("transportReason").GetString());

            var (code, checks) = await DoctorAsync(setup, url);
            Assert.Equal(0, code);
            Assert.Equal(
                $"{kind}://127.0.0.1:{proxyPort}, which proxy names, connects to 127.0.0.1:{setup.Hub.TunnelPort}",
                checks["proxy"].GetProperty("detail").GetString());
            foreach (var name in new[] { "tcp", "tls", "path", "authentication" })
                Assert.Equal("ok", checks[name].GetProperty("status").GetString());

            await proxy.DisposeAsync();
            await Eventually.IsTrueAsync(
                async () => !(await setup.Edge.StatusAsync())!.Value.GetProperty("connected").GetBoolean(), "a lost tunnel");
            proxy = await OutwardProxy.StartAsync(kind, _directory.FullName, proxyPort, user);
            await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
            await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
        }
        finally
        {
            await proxy.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("http", "refuses this user and password (401)")]
    [InlineData("socks5", "refuses this user and password")]
    public async Task A_proxy_that_refuses_the_user_is_named_in_the_edges_error(string kind, string expected)
    {
        var proxyPort = FreePorts.Next();
        await using var proxy = await OutwardProxy.StartAsync(kind, _directory.FullName, proxyPort, User);
        await using var hub = await HubProcess.StartAsync(_directory.FullName, IPAddress.Loopback);
        var token = await hub.AddEdgeAsync("edge-1", [FreePorts.Next()], []);
        var url = $"{kind}://me:{KnownSecrets.Add("another-password-than-that")}@127.0.0.1:{proxyPort}";
        await using var edge = EdgeProcess.Start(_directory.FullName, token, LoopbackAddresses.Next(), "--proxy", url);
        var error = await Eventually.GetAsync(
            async () => await edge.StatusAsync() is { } status
                && status.GetProperty("lastError").ValueKind == JsonValueKind.String ? status.GetProperty("lastError").GetString() : null,
            "the edge's error");
        Assert.Equal(
            $"Unreachable: 127.0.0.1:{hub.TunnelPort} can't be reached: the proxy {kind}://127.0.0.1:{proxyPort} {expected}", error);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("socks5")]
    public async Task A_hub_that_dials_goes_through_its_proxy(string kind)
    {
        KnownSecrets.Add(User.Split(':')[1]);
        var (proxyPort, dialPort, port) = (FreePorts.Next(), FreePorts.Next(), FreePorts.Next());
        var address = LoopbackAddresses.Next();
        await using var proxy = await OutwardProxy.StartAsync(kind, _directory.FullName, proxyPort, User);
        await using var hub = await HubProcess.StartAsync(
            _directory.FullName, IPAddress.Loopback, new() { ["proxy"] = $"{kind}://{User}@127.0.0.1:{proxyPort}" });
        var token = KnownSecrets.Add(
            (await hub.RunAsync("edge", "add", "edge-1", "--tcp", $"{port}", "--dial", $"{address}:{dialPort}"))
                .Succeeded().StandardOutput.Trim());
        await using var edge = EdgeProcess.Start(_directory.FullName, token, address);
        await edge.WaitForPortsAsync([port], []);
        Assert.Equal($"127.0.0.1:{proxyPort}", (await hub.ConnectedEdgeAsync("edge-1"))!.Value.GetProperty("remote").GetString());
        Assert.Contains(
            $"is connected through {kind}://127.0.0.1:{proxyPort}", (await hub.RunAsync("doctor", "--edge", "edge-1")).StandardOutput,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Quic_alone_does_not_go_through_a_proxy()
    {
        await using var hub = await HubProcess.StartAsync(_directory.FullName, IPAddress.Loopback);
        var token = await hub.AddEdgeAsync("edge-1", [FreePorts.Next()], []);
        var result = await ManagedProcess.RunAsync(
            Binaries.Edge,
            [
                "run", "--token", token, "--transport", "quic", "--proxy", "http://127.0.0.1:1", "--state-dir",
                Path.Combine(_directory.FullName, "state"), "--admin-socket", Path.Combine(_directory.FullName, "edge.sock")]);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(
            "transport quic: QUIC does not go through a proxy, and proxy says http://127.0.0.1:1.",
            result.StandardError + result.StandardOutput);
    }

    private static async Task<(int Code, Dictionary<string, JsonElement> Checks)> DoctorAsync(TunnelSetup setup, string url)
    {
        var result = await ManagedProcess.RunAsync(
            Binaries.Edge,
            [
                "doctor", "--json", "--token", setup.Token, "--bind-address", setup.EdgeAddress.ToString(), "--admin-socket",
                setup.Edge.AdminSocket, "--proxy", url]);
        return (result.ExitCode,
            JsonElement.Parse(result.StandardOutput).GetProperty("checks").EnumerateArray()
                .ToDictionary(check => check.GetProperty("name").GetString()!));
    }
}
