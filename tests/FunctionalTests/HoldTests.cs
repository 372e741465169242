using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>New clients wait for a tunnel instead of being refused.</summary>
public sealed class HoldTests
{
    [Fact]
    public async Task When_the_hub_is_restarted_beside_an_open_stream_new_clients_are_served_before_and_wait_meanwhile()
    {
        // The time is more than a loaded machine needs for the hub's start; by default it is 5 s.
        await using var setup = await TunnelSetup.StartAsync(
            tcp: 2, policies: TunnelSetup.WithoutHeader, hubSettings: new() { ["drainTimeout"] = 4 }, edgeArguments: ["--hold-time", "25"]);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);
        await using var clients = SteadyClients.Start(setup, setup.Tcp[1], perSecond: 50);
        await clients.WaitForMoreAsync(10);

        setup.Hub.Process.Signal(ManagedProcess.SigTerm);
        await setup.Hub.Process.WaitForLineAsync("stops on");
        await clients.WaitForMoreAsync(10);
        await open.AssertEchoAsync();
        Assert.Equal(0, await setup.Hub.Process.WaitForExitAsync(TimeSpan.FromSeconds(20)));
        await setup.Hub.RestartAsync();
        await clients.WaitForMoreAsync(50);

        Assert.Empty(await clients.FinishAsync());
    }

    [Fact]
    public async Task Without_a_hub_a_client_is_reset_after_its_time_and_counted()
    {
        await using var setup = await TunnelSetup.StartAsync(edgeArguments: ["--hold-time", "1", "--hold-clients", "1"]);
        setup.Hub.Process.Signal(ManagedProcess.SigKill);
        await setup.Hub.Process.WaitForExitAsync(TimeSpan.FromSeconds(10));
        await Eventually.IsTrueAsync(
            async () =>
                await setup.Edge.StatusAsync() is { } status && !status.GetProperty("connected").GetBoolean(), "the edge to notice");

        await setup.AssertResetsAsync(setup.Tcp[0]);

        var refused = (await setup.Edge.StatusAsync())!.Value.GetProperty("refused");
        Assert.Equal(1, refused.GetProperty("noTunnel").GetInt64());
    }
}
