using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Harness.Network;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>The machine of an edge, behind a router, loses its default route and has it again.</summary>
public sealed class RouteTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    // More than a busy machine needs for a dial that begins when the route is back.
    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(8);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-route-");
    private readonly int _port = FreePorts.Next();

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("tcpTls")]
    [InlineData("quic")]
    public async Task What_is_open_outlives_the_time_without_a_route(string transport)
    {
        QuicRequired.CheckFor(transport);
        await using var network = await NatNetwork.StartAsync();
        await using var hub = await StartHubAsync(network);
        using var upstream = network.World.Bind(SocketType.Stream, IPAddress.Loopback, _port);
        await using var edge = await StartEdgeAsync(network, hub, "--transport", transport);
        using var idle = await network.Home.OpenAsync(upstream, _port);
        using var busy = await network.Home.OpenAsync(upstream, _port);
        await idle.AssertEchoAsync();

        await network.RemoveRouteAsync();
        await busy.Client.SendAllAsync("while there is no route"u8.ToArray());
        await Eventually.IsTrueAsync(
            async () => await edge.StatusAsync() is { } status && !status.GetProperty("connected").GetBoolean(), "the loss", Limit,
            () => edge.Process.Log);
        await network.AddRouteAsync();

        Assert.Equal("while there is no route"u8.ToArray(), await busy.Server.ReceiveExactlyAsync(23));
        await busy.AssertEchoAsync();
        await idle.AssertEchoAsync();
        await edge.WaitForPortsAsync([_port], []);
    }

    [Fact]
    public async Task An_edge_dials_when_its_route_returns_and_not_only_when_its_next_try_is_due()
    {
        await using var network = await NatNetwork.StartAsync();
        await using var hub = await StartHubAsync(network);
        await using var edge = await StartEdgeAsync(network, hub, "--transport", "tcpTls", "--resume-grace", "0s");

        await network.RemoveRouteAsync();
        DateTimeOffset next = default;
        await Eventually.IsTrueAsync(
            async () => await edge.StatusAsync() is { } status
                && status.GetProperty("nextAttempt") is { ValueKind: JsonValueKind.String } at
                && (next = at.GetDateTimeOffset()) - DateTimeOffset.UtcNow > LongWait,
            "a long wait for the next try", Limit, () => edge.Process.Log);
        await network.AddRouteAsync();

        await edge.WaitForPortsAsync([_port], []);
        var since = (await edge.StatusAsync())!.Value.GetProperty("since").GetDateTimeOffset();
        Assert.True(since < next, $"It has connected at {since:O}, and the next try was due at {next:O}.\n{edge.Process.Log}");
    }

    private Task<HubProcess> StartHubAsync(NatNetwork network) =>
        HubProcess.StartAsync(_directory.FullName, IPAddress.Loopback, place: network.World);

    private async Task<EdgeProcess> StartEdgeAsync(NatNetwork network, HubProcess hub, params string[] more)
    {
        var token = await hub.AddEdgeAsync(TunnelSetup.EdgeId, [_port], []);
        await hub.PutEdgeAsync(TunnelSetup.EdgeId, [_port], [], TunnelSetup.WithoutHeader([_port], []));
        var edge = EdgeProcess.Start(_directory.FullName, token, IPAddress.Loopback, network.Home, ["--log-level", "debug", .. more]);
        await edge.WaitForPortsAsync([_port], []);
        return edge;
    }
}
