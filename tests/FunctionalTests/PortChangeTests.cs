using System.Net.Sockets;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Pushes change the edge's ports while connections go on.</summary>
public sealed class PortChangeTests
{
    [Fact]
    public async Task Connections_on_unchanged_ports_live_on_while_others_come_and_go()
    {
        await using var setup = await TunnelSetup.StartAsync(tcp: 2, policies: TunnelSetup.WithoutHeader);
        var (kept, removed, added) = (setup.Tcp[0], setup.Tcp[1], FreePorts.Next());
        using var keptUpstream = setup.Listen(kept);
        using var removedUpstream = setup.Listen(removed);
        using var addedUpstream = setup.Listen(added);
        using var onKept = await setup.OpenAsync(keptUpstream, kept);
        using var onRemoved = await setup.OpenAsync(removedUpstream, removed);
        var policies = TunnelSetup.WithoutHeader([], []);

        await setup.Hub.PutEdgeAsync(TunnelSetup.EdgeId, [kept, added], [], policies);
        await setup.Edge.WaitForPortsAsync([kept, added], []);

        await onKept.AssertEchoAsync();
        await setup.AssertCarriesAsync(addedUpstream, added);
        await setup.AssertCarriesAsync(keptUpstream, kept);
        var refused = await Assert.ThrowsAsync<SocketException>(() => setup.ConnectAsync(removed));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        // The port drains, for 30 s by default.
        await onRemoved.AssertEchoAsync();

        await setup.Hub.PutEdgeAsync(TunnelSetup.EdgeId, [kept, removed], [], policies);
        await setup.Edge.WaitForPortsAsync([kept, removed], []);
        await onKept.AssertEchoAsync();
        await setup.AssertCarriesAsync(removedUpstream, removed);
    }

    [Fact]
    public async Task A_port_in_use_is_reported_at_the_hub_and_others_work()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        var (free, taken) = (setup.Tcp[0], FreePorts.Next());
        using var owner = new TcpListener(setup.EdgeAddress, taken);
        owner.Start();
        using var upstream = setup.Listen(free);
        using var open = await setup.OpenAsync(upstream, free);

        await setup.Hub.PutEdgeAsync(TunnelSetup.EdgeId, [free, taken], [], TunnelSetup.WithoutHeader([], []));

        await Eventually.IsTrueAsync(
            async () =>
                await setup.Hub.ConnectedEdgeAsync(TunnelSetup.EdgeId) is { } edge && edge.GetProperty("failedPorts").EnumerateArray()
                .Any(port => port.GetProperty("port").GetInt32() == taken
                    && port.GetProperty("error").GetString()!.Contains("in use", StringComparison.Ordinal)),
            "the report of the port in use");
        Assert.Contains($"{taken}", (await setup.Hub.RunAsync("status")).Succeeded().StandardOutput);
        await open.AssertEchoAsync();
        await setup.AssertCarriesAsync(upstream, free);
    }
}
