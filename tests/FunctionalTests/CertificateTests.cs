using System.Text.Json;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Another key for the hub without new tokens.</summary>
public sealed class CertificateTests
{
    [Theory]
    [InlineData("tcpTls")]
    [InlineData("quic")]
    public async Task An_edge_with_a_token_of_the_old_key_follows_to_the_new_one(string transport)
    {
        QuicRequired.CheckFor(transport);
        var state = Directory.CreateTempSubdirectory("tunnel-edge-state-");
        try
        {
            await using var setup = await TunnelSetup.StartAsync(
                policies: TunnelSetup.WithoutHeader, edgeArguments: ["--state-dir", state.FullName, "--transport", transport]);
            var old = (await setup.Hub.StatusAsync()).GetProperty("certificatePin").GetString()!;
            Assert.NotEqual(0, (await setup.Hub.RunAsync("certificate", "switch")).ExitCode);

            var next = (await setup.Hub.RunAsync("certificate", "next")).Succeeded().StandardOutput.Trim();
            Assert.NotEqual(old, next);
            Assert.Equal(next, (await setup.Hub.RunAsync("certificate", "next")).Succeeded().StandardOutput.Trim());
            await Eventually.IsTrueAsync(async () => (await CertificateAsync(setup)).GetProperty("edgesNotTold").GetArrayLength() == 0, "the edge to know");
            Assert.Contains(next, await File.ReadAllTextAsync(Path.Combine(state.FullName, "hub-pins.json")), StringComparison.Ordinal);

            var switched = (await setup.Hub.RunAsync("certificate", "switch")).Succeeded();
            Assert.Equal((next, ""), (switched.StandardOutput.Trim(), switched.StandardError));

            // New connections get the new one at once, and after a restart.
            using var upstream = setup.Listen(setup.Tcp[0]);
            (await setup.Hub.RunAsync("edge", "disconnect", TunnelSetup.EdgeId)).Succeeded();
            await setup.Edge.WaitForPortsAsync(setup.Tcp, setup.Udp);
            await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
            await setup.Hub.RestartAsync();
            Assert.Equal(next, (await setup.Hub.StatusAsync()).GetProperty("certificatePin").GetString());
            await Eventually.IsTrueAsync(async () => await setup.Hub.ConnectedEdgeAsync(TunnelSetup.EdgeId) is not null, "the edge's return", explain: () => setup.Edge.Process.Log);

            // The edge too has it from its state, not from its token.
            await setup.Edge.RestartAsync();
            await setup.Edge.WaitForPortsAsync(setup.Tcp, setup.Udp);
            await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
        }
        finally
        {
            state.Delete(recursive: true);
        }
    }

    private static async Task<JsonElement> CertificateAsync(TunnelSetup setup) => (await setup.Hub.SendAsync(HttpMethod.Get, "api/v1/certificate")).Json();
}
