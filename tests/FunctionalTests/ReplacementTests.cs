using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>An edge is replaced by another process while it runs.</summary>
public sealed class ReplacementTests
{
    [Fact]
    public async Task No_client_notices_that_the_edge_is_replaced()
    {
        await using var setup = await TunnelSetup.StartAsync(tcp: 2, udp: 1, policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        await using var clients = SteadyClients.Start(setup, setup.Tcp[1], perSecond: 50);
        await clients.WaitForMoreAsync(10);

        for (var round = 0; round < 3; round++)
        {
            using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);
            await using var before = setup.Edge.Replace();
            await before.WaitForLineAsync("serves from now on");
            await setup.Edge.WaitForPortsAsync(setup.Tcp, setup.Udp);
            await clients.WaitForMoreAsync(50);

            // Open connections go on where they are, until they end.
            await open.AssertEchoAsync();
            Assert.False(before.HasExited, before.Log);
            open.Dispose();
            Assert.Equal(0, await before.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        }

        Assert.Empty(await clients.FinishAsync());
    }

    [Fact]
    public async Task An_edge_goes_on_when_the_process_that_was_to_replace_it_ends_before_it_is_ready()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        await using var clients = SteadyClients.Start(setup, setup.Tcp[0], perSecond: 50);
        await clients.WaitForMoreAsync(10);

        // No hub is at this port, so that the edge gets no configuration.
        await using var before = setup.Edge.Replace(WithPort(setup.Token, 1));
        await before.WaitForLineAsync("takes the sockets of this one");
        setup.Edge.Process.Signal(ManagedProcess.SigKill);
        await before.WaitForLineAsync("was not ready to replace this one");
        await clients.WaitForMoreAsync(50);
        Assert.Empty(await clients.FinishAsync());

        before.Signal(ManagedProcess.SigTerm);
        Assert.Equal(0, await before.WaitForExitAsync(TimeSpan.FromSeconds(40)));
    }

    private static string WithPort(string token, int port)
    {
        var json = JsonNode.Parse(Base64Url.DecodeFromChars(token))!;
        json["p"] = port;
        return Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
    }
}
