using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>The API has a listener of its own: it wants the key, and never speaks in the clear beyond this machine.</summary>
public sealed class AdminListenTests
{
    [Theory]
    [InlineData("https", "--http2")]
    [InlineData("http", "--http1.1")]
    public async Task It_serves_who_is_allowed_and_has_the_key(string scheme, string option)
    {
        var directory = Directory.CreateTempSubdirectory("tunnel-functional-");
        var url = $"{scheme}://127.0.0.1:{FreePorts.Next()}";
        await using (var hub = await HubProcess.StartAsync(directory.FullName, LoopbackAddresses.Next(), new JsonObject
        {
            ["adminListen"] = url,
            ["adminAllowCidrs"] = "127.0.0.1",
        }))
        {
            var key = (await hub.RunAsync("admin-key", "--json")).Succeeded().StandardOutput;
            key = JsonNode.Parse(key)!["key"]!.GetValue<string>();
            Assert.Equal(200, (await Curl.RunAsync($"{url}/api/v1/status", key, option)).Status);
            Assert.Equal(401, (await Curl.RunAsync($"{url}/api/v1/status", null, option)).Status);
            Assert.Equal(401, (await Curl.RunAsync($"{url}/api/v1/status", "wrong", option)).Status);
            Assert.Equal(0, (await Curl.RunAsync($"{url}/healthz", key, option, "--interface", "127.0.0.9")).Status);

            // The tunnel port offers no HTTP unless it is told to.
            Assert.Equal((0, 35), await RefusedAsync($"https://127.0.0.1:{hub.TunnelPort}/healthz", key));
        }

        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_hub_that_would_serve_it_in_the_clear_does_not_start()
    {
        var result = await ManagedProcess.RunAsync(Binaries.Hub, ["run"], environment: new Dictionary<string, string>
        {
            ["TUNNEL_HUB__ADMINLISTEN"] = "http://0.0.0.0:9080",
            ["TUNNEL_HUB__ADMINALLOWCIDRS"] = "10.0.0.0/8,everybody",
        });
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("must be https://ADDRESS:PORT", result.StandardError, StringComparison.Ordinal);
        Assert.Contains("everybody", result.StandardError, StringComparison.Ordinal);
    }

    private static async Task<(int Status, int ExitCode)> RefusedAsync(string url, string key)
    {
        var answer = await Curl.RunAsync(url, key);
        return (answer.Status, answer.ExitCode);
    }
}
