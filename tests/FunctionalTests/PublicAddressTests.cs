using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Programs;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>The edge learns its public address by STUN from a real server, and both statuses show it.</summary>
public sealed class PublicAddressTests
{
    [Fact]
    public async Task Coturn_tells_both_addresses_and_both_sides_show_them()
    {
        var directory = Directory.CreateTempSubdirectory("tunnel-coturn-");
        try
        {
            var port = FreePorts.Next();
            await using var coturn = await CoturnServer.StartAsync(directory.FullName, port);
            // The first server answers in neither family: nothing listens there.
            await using var setup = await TunnelSetup.StartAsync(
                edgeArguments: ["--stun-servers", $"127.0.0.1:{FreePorts.Next()},127.0.0.1:{port},[::1]:{port}"]);

            await Eventually.IsTrueAsync(
                async () =>
                    await setup.Hub.ConnectedEdgeAsync(TunnelSetup.EdgeId) is { } status && Addresses(status) == ("127.0.0.1", "::1"),
                "the hub to know both", explain: () => setup.Edge.Process.Log);
            Assert.Equal(("127.0.0.1", "::1"), Addresses((await setup.Edge.StatusAsync())!.Value));
            Assert.Contains("This machine's public address is 127.0.0.1 and ::1", setup.Edge.Process.Log);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_server_that_answers_garbage_changes_nothing()
    {
        using var server = new UdpClient(new IPEndPoint(LoopbackAddresses.Next(), 0));
        await using var setup = await TunnelSetup.StartAsync(edgeArguments: ["--stun-servers", $"{server.Client.LocalEndPoint}"]);
        using var upstream = setup.Listen(setup.Tcp[0]);
        var random = new Random(1);

        for (var request = 0; request < 2; request++)
        {
            var received = await server.ReceiveAsync().WaitAsync(TimeSpan.FromSeconds(30));
            // The answer is never a bare header: that would be an answer, though one of no use, and the end of the transaction.
            for (var i = 0; i < 200; i++)
            {
                var garbage = received.Buffer.Concat(new byte[1 + random.Next(1200)]).ToArray();
                random.NextBytes(garbage.AsSpan(i % 2 == 0 ? 0 : 20));
                garbage[0] = 1;
                await server.SendAsync(garbage, received.RemoteEndPoint);
            }
        }

        using var pair = await setup.ConnectAsync(setup.Tcp[0]);
        using var accepted = await upstream.AcceptSocketAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((null, null), Addresses((await setup.Edge.StatusAsync())!.Value));
    }

    private static (string?, string?) Addresses(JsonElement status) => (Text(status, "publicIp"), Text(status, "publicIpv6"));

    private static string? Text(JsonElement status, string member) =>
        status.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
