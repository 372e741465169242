using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Configuration files that change while the services run.</summary>
public sealed class ReloadTests
{
    [Fact]
    public async Task The_hub_takes_over_what_can_change_and_a_faulty_file_changes_nothing()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        var file = Path.Combine(setup.Directory, "hub.json");
        var settings = JsonNode.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken))!.AsObject();
        var elsewhere = LoopbackAddresses.Next();
        using var there = new System.Net.Sockets.TcpListener(elsewhere, setup.Tcp[0]);
        there.Start();

        await WriteAsync("""{ "targetHost": 7, "logLevel": "loud", "unheardOf": true }""");
        foreach (var fault in new[] { "logLevel = \"loud\"", "unheardOf" })
            await setup.Hub.Process.WaitForLineAsync(fault);
        using (var upstream = setup.Listen(setup.Tcp[0]))
            await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);

        settings["targetHost"] = elsewhere.ToString();
        settings["publicHost"] = "renamed.example.com";
        settings["drainTimeout"] = 3;
        await WriteAsync(settings.ToJsonString());
        await setup.Hub.Process.WaitForLineAsync("in force now: publicHost, targetHost");
        await setup.Hub.Process.WaitForLineAsync("drainTimeout can't change without a restart");
        await setup.AssertCarriesAsync(there, setup.Tcp[0]);
        (await setup.Hub.RunAsync("edge", "add", "other")).Succeeded();

        settings["logLevel"] = "critical";
        await WriteAsync(settings.ToJsonString());
        settings["targetHost"] = setup.TargetAddress.ToString();
        setup.Hub.Process.Signal(1);
        await Eventually.IsTrueAsync(
            () => Task.FromResult(setup.Hub.Process.Log.Contains("in force now: logLevel")), "SIGHUP",
            explain: () => setup.Hub.Process.Log);

        Task WriteAsync(string json) => File.WriteAllTextAsync(file, json);
    }

    [Fact]
    public async Task The_edge_closes_a_port_that_it_may_no_longer_bind_and_binds_it_again()
    {
        var config = Path.GetTempFileName();
        await File.WriteAllTextAsync(config, "{}", TestContext.Current.CancellationToken);
        try
        {
            await using var setup = await TunnelSetup.StartAsync(
                tcp: 2, policies: TunnelSetup.WithoutHeader, edgeArguments: ["--config", config]);

            await File.WriteAllTextAsync(
                config, $$"""{ "protectedPorts": [{{setup.Tcp[1]}}], "bindAddress": "192.0.2.1" }""",
                TestContext.Current.CancellationToken);
            await setup.Edge.WaitForPortsAsync(setup.Tcp[..1], []);
            await Eventually.IsTrueAsync(
                async () => (await setup.Hub.ConnectedEdgeAsync(TunnelSetup.EdgeId))!.Value.GetProperty("failedPorts")
                    .GetArrayLength() == 1, "the hub to be told");

            await File.WriteAllTextAsync(config, """{ "protectedPorts": "none" }""", TestContext.Current.CancellationToken);
            await setup.Edge.Process.WaitForLineAsync("everything stays as it was");
            await setup.Edge.WaitForPortsAsync(setup.Tcp[..1], []);

            await File.WriteAllTextAsync(config, "{}", TestContext.Current.CancellationToken);
            await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
        }
        finally
        {
            File.Delete(config);
        }
    }
}
