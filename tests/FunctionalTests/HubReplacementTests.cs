using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>A hub is replaced by another process while it runs.</summary>
public sealed class HubReplacementTests
{
    [Theory]
    [InlineData("tcpTls", 10)]
    [InlineData("quicWithFallback", 3)]
    public async Task No_client_notices_that_the_hub_is_replaced_again_and_again(string transport, int times)
    {
        QuicRequired.CheckFor(transport);
        await using var setup = await TunnelSetup.StartAsync(
            tcp: 2, policies: TunnelSetup.WithoutHeader, edgeArguments: ["--transport", transport]);
        using var upstream = setup.Listen(setup.Tcp[0]);
        await using var clients = SteadyClients.Start(setup, setup.Tcp[1], perSecond: 50);
        await clients.WaitForMoreAsync(10);
        var open = await setup.OpenAsync(upstream, setup.Tcp[0]);
        List<ManagedProcess> replaced = [];
        try
        {
            for (var round = 0; round < times; round++)
            {
                replaced.Add(setup.Hub.Replace());
                await replaced[^1].WaitForLineAsync("takes the sockets of this one");
                (await setup.Hub.RunAsync("edge", "add", $"during-{round}", "--host", "hub.example.com")).Succeeded();
                await replaced[^1].WaitForLineAsync("serves from now on");
                await WaitForEdgeAsync(setup);
                await clients.WaitForMoreAsync(20);

                // Connections that were open before all of them go on where they are.
                await open.AssertEchoAsync();
            }

            Assert.False(replaced[0].HasExited, replaced[0].Log);
            open.Dispose();
            foreach (var process in replaced)
                Assert.Equal(0, await process.WaitForExitAsync(TimeSpan.FromSeconds(60)));
            Assert.Empty(await clients.FinishAsync());

            // The last process owns the state: what it is told is still there after a plain restart.
            (await setup.Hub.RunAsync("edge", "add", "another", "--host", "hub.example.com")).Succeeded();
            var edges = (await setup.Hub.RunAsync("edge", "list")).Succeeded().StandardOutput;
            Assert.All(Enumerable.Range(0, times), round => Assert.Contains($"during-{round}", edges, StringComparison.Ordinal));
        }
        finally
        {
            open.Dispose();
            foreach (var process in replaced)
                await process.DisposeAsync();
        }
    }

    [Fact]
    public async Task An_edge_that_comes_over_QUIC_only_is_served_until_the_next_process_has_the_port()
    {
        QuicRequired.Check();
        await using var setup = await TunnelSetup.StartAsync(
            policies: TunnelSetup.WithoutHeader, hubSettings: new JsonObject { ["drainTimeout"] = 10 },
            edgeArguments: ["--transport", "quic"]);
        await using var clients = SteadyClients.Start(setup, setup.Tcp[0], perSecond: 20);
        await clients.WaitForMoreAsync(10);

        await using var before = setup.Hub.Replace();
        await before.WaitForLineAsync("serves from now on");
        await WaitForEdgeAsync(setup);
        await clients.WaitForMoreAsync(20);

        Assert.Equal(0, await before.WaitForExitAsync(TimeSpan.FromSeconds(40)));
        Assert.Empty(await clients.FinishAsync());
    }

    [Fact]
    public async Task A_hub_goes_on_when_the_process_that_was_to_replace_it_is_not_ready()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        await using var clients = SteadyClients.Start(setup, setup.Tcp[0], perSecond: 50);
        await clients.WaitForMoreAsync(10);

        // The new process has the sockets and the state before it finds that this address is none of the machine's.
        await using var before = setup.Hub.Replace("--bind-address", "192.0.2.1");
        await before.WaitForLineAsync("was not ready to replace this one");
        Assert.Equal(1, await setup.Hub.Process.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        await clients.WaitForMoreAsync(50);
        (await setup.Hub.RunAsync("edge", "add", "another", "--host", "hub.example.com")).Succeeded();
        Assert.Empty(await clients.FinishAsync());

        before.Signal(ManagedProcess.SigTerm);
        Assert.Equal(0, await before.WaitForExitAsync(TimeSpan.FromSeconds(40)));
    }

    private static Task WaitForEdgeAsync(TunnelSetup setup) => Eventually.IsTrueAsync(
        async () =>
        {
            try
            {
                return await setup.Hub.ConnectedEdgeAsync(TunnelSetup.EdgeId) is not null;
            }
            catch (Tunnel.Shared.Hosting.OperatorException)
            {
                return false;
            }
        },
        "the edge at the next process",
        TimeSpan.FromSeconds(60),
        () => setup.Hub.Process.Log);
}
