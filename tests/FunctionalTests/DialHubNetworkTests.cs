using System.Net;
using System.Net.Sockets;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>A hub at home, behind a router that masquerades and lets nothing in, dials its edge.</summary>
public sealed class DialHubNetworkTests : IDisposable
{
    private const string Name = "edge.test";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-dial-nat-");
    private readonly int _port = FreePorts.Next();
    private readonly int _dialPort = FreePorts.Next();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task A_hub_that_nobody_can_reach_serves_the_world_and_finds_its_edge_at_another_address()
    {
        await using var network = await NatNetwork.StartAsync();
        var moved = IPAddress.Parse("10.8.0.3");
        network.Name(Name, network.World.Address);
        await using var hub = await HubProcess.StartAsync(_directory.FullName, network.Home.Address, place: network.Home);
        using var upstream = network.Home.Bind(SocketType.Stream, port: _port);
        var token = await hub.AddDialledEdgeAsync(TunnelSetup.EdgeId, _port, $"{Name}:{_dialPort}");
        Assert.True(ConnectionToken.TryDecode(token, out _, out _));

        // Nobody gets in, neither to the home nor to the address that the world sees.
        await AssertRefusedAsync(network, new IPEndPoint(network.Home.Address, hub.TunnelPort));
        await AssertRefusedAsync(network, new IPEndPoint(NatNetwork.Router, hub.TunnelPort));

        await using var edge = EdgeProcess.Start(_directory.FullName, token, IPAddress.Any, network.World);
        await edge.WaitForPortsAsync([_port], []);
        using (var pair = await OpenAsync(network, network.World.Address, upstream))
            await pair.AssertEchoAsync();
        // The edge sees the router's address.
        Assert.StartsWith(
            $"{NatNetwork.Router}:", (await edge.StatusAsync())!.Value.GetProperty("hubAddress").GetString(), StringComparison.Ordinal);

        // The edge's machine gets another address, and the name is changed to it.
        edge.Process.Signal(ManagedProcess.SigKill);
        await edge.Process.WaitForExitAsync(TimeSpan.FromSeconds(20));
        await network.MoveAsync(network.World.Address, moved);
        network.Name(Name, moved);
        await edge.RestartAsync();
        await edge.WaitForPortsAsync([_port], []);
        using (var pair = await OpenAsync(network, moved, upstream))
            await pair.AssertEchoAsync();
        Assert.Equal($"{moved}:{_dialPort}", (await hub.ConnectedEdgeAsync(TunnelSetup.EdgeId))!.Value.GetProperty("remote").GetString());
    }

    [Fact]
    public async Task A_name_that_changes_under_a_transfer_leads_the_hub_to_the_edges_next_address_and_no_byte_is_lost()
    {
        await using var network = await NatNetwork.StartAsync();
        var moved = IPAddress.Parse("10.8.0.3");
        network.Name(Name, network.World.Address);
        await using var hub = await HubProcess.StartAsync(_directory.FullName, network.Home.Address, place: network.Home);
        using var upstream = network.Home.Bind(SocketType.Stream, port: _port);
        var token = await hub.AddDialledEdgeAsync(TunnelSetup.EdgeId, _port, $"{Name}:{_dialPort}");
        await using var edge = EdgeProcess.Start(_directory.FullName, token, IPAddress.Any, network.World);
        await edge.WaitForPortsAsync([_port], []);

        // The client is on the edge's machine, so that nothing but the tunnel loses its address.
        using var pair = await OpenAsync(network, IPAddress.Loopback, upstream);
        using var idle = await OpenAsync(network, IPAddress.Loopback, upstream);
        using var enough = new CancellationTokenSource();
        var sent = new[] { pair.Client, pair.Server }
            .Select((end, seed) => HashedTransfer.SendUntilAsync(end, seed, enough.Token)).ToArray();
        var received = new[] { pair.Server, pair.Client }.Select(HashedTransfer.ReceiveAsync).ToArray();

        await network.MoveAsync(network.World.Address, moved);
        await hub.Process.WaitForLineAsync($"can't be dialled at {Name}:{_dialPort}");
        network.Name(Name, moved);
        await Eventually.IsTrueAsync(
            async () => await hub.ConnectedEdgeAsync(TunnelSetup.EdgeId) is { } connected
                && connected.GetProperty("remote").GetString() == $"{moved}:{_dialPort}",
            "the edge at its next address", TimeSpan.FromSeconds(90), () => $"{hub.Process.Log}\n{edge.Process.Log}");
        await idle.AssertEchoAsync();
        await enough.CancelAsync();
        Assert.Equal(await Task.WhenAll(sent), await Task.WhenAll(received));
        using var next = await OpenAsync(network, IPAddress.Loopback, upstream);
        await next.AssertEchoAsync();
    }

    private static async Task AssertRefusedAsync(NatNetwork network, IPEndPoint where)
    {
        using var socket = network.World.CreateSocket(SocketType.Stream);
        var refused = await Assert.ThrowsAsync<SocketException>(() => socket.ConnectAsync(where).WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    private async Task<StreamPair> OpenAsync(NatNetwork network, IPAddress address, Socket upstream)
    {
        var client = network.World.CreateSocket(SocketType.Stream);
        await client.ConnectAsync(address, _port).WaitAsync(TimeSpan.FromSeconds(30));
        return new StreamPair(client, await upstream.AcceptAsync().WaitAsync(TimeSpan.FromSeconds(30)));
    }
}
