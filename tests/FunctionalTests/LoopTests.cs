using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>A target that leads back to a port of the edge does not let one client go round and round.</summary>
public sealed class LoopTests
{
    // How often a connection comes round before it is noted depends on the machine's load; without an end it was 7,251 times.
    private const int Rounds = 200;

    [Fact]
    public async Task The_hub_does_not_take_itself_for_a_client()
    {
        var address = LoopbackAddresses.Next();
        await using var setup = await TunnelSetup.StartAsync(
            tcp: 1, udp: 1, edgeAddress: address,
            policies: (_, _) =>
                new JsonObject { ["default"] = new JsonObject { ["proxyProtocol"] = "off", ["targetHost"] = address.ToString() } });

        await setup.AssertResetsAsync(setup.Tcp[0]);
        using var client = new UdpClient();
        await client.SendAsync("round"u8.ToArray(), new IPEndPoint(address, setup.Udp[0]));

        var status = default(JsonElement);
        await Eventually.IsTrueAsync(
            async () =>
                (status = await setup.Hub.StatusAsync()).GetProperty("sessionFailures").GetProperty("forwardingLoop").GetInt64() > 0,
            "the session that came back", explain: () => status.ToString());
        Assert.InRange(status.GetProperty("streamFailures").GetProperty("forwardingLoop").GetInt64(), 1, Rounds);
        Assert.InRange(status.GetProperty("sessionFailures").GetProperty("forwardingLoop").GetInt64(), 1, Rounds);
        Assert.InRange(status.GetProperty("connectedEdges")[0].GetProperty("streamsOpened").GetInt64(), 2, Rounds);

        // A machine that is too busy to let a connection come round within the doctor's time is asked again.
        var doctor = default(ProgramResult);
        await Eventually.IsTrueAsync(
            async () => (doctor = await setup.Hub.RunAsync("doctor")).StandardOutput.Contains(
                $"{address}:{setup.Tcp[0]}: leads back to tcp/{setup.Tcp[0]} of ", StringComparison.Ordinal),
            "the loop is found", explain: () => $"{doctor}");
        Assert.Equal(1, doctor!.ExitCode);
        Assert.Contains("leads back to a port of an edge", setup.Hub.Process.Log, StringComparison.Ordinal);
    }
}
