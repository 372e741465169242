using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>The services' logs look as the pages say.</summary>
public sealed class LogTests
{
    [Fact]
    public async Task With_masked_addresses_no_client_is_in_any_line_of_either_service()
    {
        var config = Path.GetTempFileName();
        await File.WriteAllTextAsync(config, """{ "logMaskIp": true, "logLevel": "trace" }""", TestContext.Current.CancellationToken);
        try
        {
            await using var setup = await TunnelSetup.StartAsync(
                policies: TunnelSetup.WithoutHeader,
                hubSettings: new JsonObject { ["logMaskIp"] = true, ["logLevel"] = "trace" },
                edgeArguments: ["--config", config]);
            using var upstream = setup.Listen(setup.Tcp[0]);
            await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
            using var stranger = await TunnelPeer.ConnectAsync(setup.Hub.EndPoint);
            await stranger.SendAsync("EDGE nobody a-secret-that-is-wrong\n");
            await setup.Hub.Process.WaitForLineAsync("127.0.0.0");
            await setup.Hub.Process.WaitForLineAsync("nobody");

            foreach (var log in new[] { setup.Hub.Process.Log, setup.Edge.Process.Log })
            {
                Assert.DoesNotContain("127.0.0.1:", log);
                Assert.DoesNotContain(setup.EdgeAddress.ToString(), log);
                Assert.DoesNotContain(setup.TargetAddress.ToString(), log);
            }
        }
        finally
        {
            File.Delete(config);
        }
    }

    [Fact]
    public void A_secret_in_what_a_service_wrote_would_be_found()
    {
        var secret = new ConnectionToken("h", 1, "e", $"the-secret-{Guid.NewGuid():N}", []);
        KnownSecrets.Add(secret.Encode());
        Assert.Throws<InvalidOperationException>(() => KnownSecrets.AssertNoneIn("a service", $"fine\nsecret {secret.Secret}!\nfine"));
        KnownSecrets.AssertNoneIn("a service", "fine");
    }

    [Fact]
    public async Task Json_is_an_object_a_line_and_the_journal_gets_its_priorities()
    {
        var directory = Directory.CreateTempSubdirectory("tunnel-logs-");
        try
        {
            var lines = await RunAsync(directory.FullName, [], journal: false, "json");
            Assert.All(lines, line => Assert.True(JsonDocument.Parse(line).RootElement.TryGetProperty("EventId", out _), line));
            Assert.Contains(lines, line => JsonDocument.Parse(line).RootElement.GetProperty("State").TryGetProperty("EndPoint", out _));

            Assert.All(await RunAsync(directory.FullName, [], journal: true, "console"), line => Assert.Matches(@"^<[2-7]>Tunnel\.", line));
            Assert.All(await RunAsync(directory.FullName, [], journal: true, "json"), line => Assert.Matches(@"^<[2-7]>\{", line));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<string[]> RunAsync(string directory, Dictionary<string, string> environment, bool journal, string format)
    {
        if (journal)
            environment["JOURNAL_STREAM"] = "8:12345";
        await using var hub = ManagedProcess.Start(
            "tunnel-hub",
            Binaries.Hub,
            [
                "run", "--tunnel-port", $"{FreePorts.Next()}", "--bind-address", "127.0.0.1", "--state-dir", directory,
                "--admin-socket", Path.Combine(directory, "admin.sock"), "--log-format", format,
            ],
            environment);
        await hub.WaitForLineAsync("is ready");
        hub.Signal(ManagedProcess.SigTerm);
        Assert.Equal(0, await hub.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        return hub.StandardError.Split('\n');
    }
}
