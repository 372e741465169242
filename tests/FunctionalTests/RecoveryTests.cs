using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Either side is killed and comes back.</summary>
public sealed class RecoveryTests
{
    [Fact]
    public async Task The_edge_is_back_by_itself_after_the_hub_was_killed_and_the_state_is_intact()
    {
        await using var setup = await TunnelSetup.StartAsync(
            policies: TunnelSetup.WithoutHeader, edgeArguments: ["--hold-time", "1", "--resume-grace", "1"]);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);
        var edges = (await setup.Hub.SendAsync(HttpMethod.Get, "api/v1/edges")).Body;

        setup.Hub.Process.Signal(ManagedProcess.SigKill);
        await setup.Hub.Process.WaitForExitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(StreamEnd.Reset, (await open.Client.DrainAsync()).End);

        // The edge still listens; a client that finds no tunnel in time is refused.
        await setup.AssertResetsAsync(setup.Tcp[0]);

        await setup.Hub.RestartAsync();
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
        Assert.Equal(edges, (await setup.Hub.SendAsync(HttpMethod.Get, "api/v1/edges")).Body);
    }

    [Fact]
    public async Task The_hub_resets_upstream_connections_of_an_edge_that_was_killed_and_takes_it_back()
    {
        await using var setup = await TunnelSetup.StartAsync(
            policies: TunnelSetup.WithoutHeader, hubSettings: new() { ["resumeGrace"] = 1 });
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);

        setup.Edge.Process.Signal(ManagedProcess.SigKill);

        Assert.Equal(StreamEnd.Reset, (await open.Server.DrainAsync()).End);
        await Eventually.IsTrueAsync(async () => await setup.Hub.ConnectedEdgeAsync(TunnelSetup.EdgeId) is null, "the hub to notice");
        await setup.Edge.RestartAsync();
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
    }

    [Fact]
    public async Task A_second_edge_with_the_same_id_does_not_disturb_the_first()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);

        await using var second = EdgeProcess.Start(setup.Directory, setup.Token, LoopbackAddresses.Next());
        await second.Process.WaitForLineAsync("conflict");

        await open.AssertEchoAsync();
        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
    }
}
