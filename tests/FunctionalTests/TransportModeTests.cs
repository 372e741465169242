using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.Shared.Protocol.Tokens;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Each transport mode of an edge, on loopback, uses the transports that it names.</summary>
public sealed class TransportModeTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-modes-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task A_token_takes_its_edge_to_quic_and_hub_and_edge_say_so()
    {
        QuicRequired.Check();
        await using var setup = await TunnelSetup.StartAsync(
            policies: TunnelSetup.WithoutHeader, edgeArguments: ["--transport", "quicWithFallback"]);
        var status = (await setup.Edge.StatusAsync())!.Value;
        Assert.Equal("quic", status.GetProperty("transport").GetString());
        Assert.Equal("preferred", status.GetProperty("transportReason").GetString());
        Assert.Equal("quic", (await setup.Hub.ConnectedEdgeAsync(TunnelSetup.EdgeId))!.Value.GetProperty("transport").GetString());
        using var upstream = setup.Listen(setup.Tcp[0]);
        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
    }

    [Fact]
    public async Task A_hub_with_quic_switched_off_is_reached_over_tls_at_once()
    {
        QuicRequired.Check();
        await using var setup = await TunnelSetup.StartAsync(
            hubSettings: new JsonObject { ["quic"] = false }, edgeArguments: ["--transport", "quicWithFallback"]);
        var status = (await setup.Edge.StatusAsync())!.Value;
        Assert.Equal("tcpTls", status.GetProperty("transport").GetString());
        // This is no time-out: nothing listens, and the kernel says so.
        Assert.Equal("quicUnreachable", status.GetProperty("transportReason").GetString());
        Assert.False((await setup.Hub.StatusAsync()).GetProperty("quic").GetBoolean());
        Assert.Contains("the setting quic is false", setup.Hub.Process.Log);
    }

    [Theory]
    [InlineData(true, "WrongCertificate")]
    [InlineData(false, "Unauthorized")]
    public async Task A_wrong_pin_and_a_wrong_secret_never_fall_back(bool wrongPin, string expected)
    {
        QuicRequired.Check();
        await using var hub = await HubProcess.StartAsync(_directory.FullName, IPAddress.Loopback);
        var text = await hub.AddEdgeAsync("edge-1", [FreePorts.Next()], [], "quicWithFallback");
        Assert.True(ConnectionToken.TryDecode(text, out var token, out _));
        Assert.Equal(TransportMode.QuicWithFallback, token.Transport);
        var wrong = wrongPin ? token with { Pins = [new string('A', 43)] } : token with { Secret = "not-the-secret-of-it" };
        await using var edge = EdgeProcess.Start(_directory.FullName, wrong.Encode(), LoopbackAddresses.Next());

        var error = await Eventually.GetAsync(
            async () => await edge.StatusAsync() is { } status
                && status.GetProperty("lastError").ValueKind == JsonValueKind.String ? status.GetProperty("lastError").GetString() : null,
            "the edge's error");

        Assert.StartsWith(expected, error);
        Assert.DoesNotContain("over QUIC before", error);
        Assert.DoesNotContain("over TLS instead", edge.Process.Log);
    }

    [Theory]
    [InlineData("tcpTls")]
    [InlineData("quic")]
    public async Task Strangers_over_each_transport_are_counted_alike(string transport)
    {
        QuicRequired.CheckFor(transport);
        var settings = new JsonObject { ["limits"] = new JsonObject { ["failedTriesPerMinute"] = 2 } };
        await using var hub = await HubProcess.StartAsync(_directory.FullName, IPAddress.Loopback, settings);
        Assert.True(ConnectionToken.TryDecode(await hub.AddEdgeAsync("edge-1", [FreePorts.Next()], []), out var token, out _));
        var wrong = token with { Secret = "not-the-secret-of-it" };
        await using var edge = EdgeProcess.Start(_directory.FullName, wrong.Encode(), LoopbackAddresses.Next(), "--transport", transport);

        await Eventually.IsTrueAsync(
            async () =>
                (await hub.StatusAsync()).GetProperty("refusals").TryGetProperty("blocked", out var blocked) && blocked.GetInt64() > 0,
            "a blocked edge", explain: () => hub.Process.Log);
    }
}
