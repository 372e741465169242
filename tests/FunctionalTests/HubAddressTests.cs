using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>A hub moves and has told its edges before.</summary>
public sealed class HubAddressTests
{
    [Fact]
    public async Task An_edge_finds_the_hub_where_it_was_told_that_it_will_be()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        var next = FreePorts.Next();
        var told = (await setup.Hub.RunAsync("edge", "hub-address", $"127.0.0.1:{next}")).Succeeded();
        Assert.Equal($"127.0.0.1:{next}", told.StandardOutput.Trim());
        await Eventually.IsTrueAsync(
            async () => (await setup.Hub.RunAsync("edge", "hub-address")) is { ExitCode: 0, StandardError: "" } shown
                && shown.StandardOutput.Trim() == $"127.0.0.1:{next}",
            "the edge to confirm", explain: () => setup.Edge.Process.Log);

        setup.Hub.Process.Signal(ManagedProcess.SigTerm);
        Assert.Equal(0, await setup.Hub.Process.WaitForExitAsync(TimeSpan.FromSeconds(40)));
        var file = Path.Combine(setup.Directory, "hub.json");
        var settings = JsonNode.Parse(await File.ReadAllTextAsync(file))!;
        settings["tunnelPort"] = next;
        await File.WriteAllTextAsync(file, settings.ToJsonString());
        await setup.Hub.RestartAsync();
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);

        // After a crash the edge seeks the hub there first.
        await setup.Edge.RestartAsync();
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
        Assert.Equal($"127.0.0.1:{next}", (await setup.Edge.StatusAsync())!.Value.GetProperty("hub").GetString());

        (await setup.Hub.RunAsync("edge", "hub-address", "--clear")).Succeeded();
        Assert.Equal("Nothing is announced.", (await setup.Hub.RunAsync("edge", "hub-address")).Succeeded().StandardOutput.Trim());
    }

    /// <summary>Kills the edge on its way to keep the address: it is told again when it is back.</summary>
    [Theory]
    [InlineData("fsync", 1)]
    [InlineData(KillAt.Rename, 1)]
    [InlineData("fsync", 2)]
    public async Task An_edge_that_is_killed_while_it_keeps_the_address_comes_back_and_keeps_it(string call, int time)
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        await using (await KillAt.AttachAsync(setup.Edge.Process, call, time))
        {
            (await setup.Hub.RunAsync("edge", "hub-address", "127.0.0.1:1")).Succeeded();
            await setup.Edge.Process.WaitForExitAsync(TimeSpan.FromSeconds(30));
        }

        await setup.Edge.RestartAsync();
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
        await Eventually.IsTrueAsync(
            async () => (await setup.Hub.RunAsync("edge", "hub-address")) is { ExitCode: 0, StandardError: "" }, "the edge to confirm",
            explain: () => setup.Edge.Process.Log);
        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
    }

    [Theory]
    [InlineData("fsync", 1, "one")]
    [InlineData(KillAt.Rename, 1, "one")]
    [InlineData("fsync", 2, "two")]
    public async Task A_hub_that_is_killed_while_it_keeps_the_address_has_the_old_one_or_the_new_one(string call, int time, string expected)
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        (await setup.Hub.RunAsync("edge", "hub-address", "one:1")).Succeeded();
        await using (await KillAt.AttachAsync(setup.Hub.Process, call, time))
        {
            Assert.Equal(1, (await setup.Hub.RunAsync("edge", "hub-address", "two:2")).ExitCode);
            await setup.Hub.Process.WaitForExitAsync(TimeSpan.FromSeconds(30));
        }

        await setup.Hub.RestartAsync();
        Assert.StartsWith(expected, (await setup.Hub.RunAsync("edge", "hub-address")).StandardOutput, StringComparison.Ordinal);
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
    }
}
