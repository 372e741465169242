using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>The hub gets another key without new tokens.</summary>
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
            await Eventually.IsTrueAsync(
                async () => (await CertificateAsync(setup)).GetProperty("edgesNotTold").GetArrayLength() == 0, "the edge to know");
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
            await Eventually.IsTrueAsync(
                async () => await setup.Hub.ConnectedEdgeAsync(TunnelSetup.EdgeId) is not null, "the edge's return",
                explain: () => setup.Edge.Process.Log);

            // The edge, and its doctor, have the pin from the edge's state and not from its token.
            await setup.Edge.RestartAsync();
            await setup.Edge.WaitForPortsAsync(setup.Tcp, setup.Udp);
            await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
            var doctor = (await ManagedProcess.RunAsync(Binaries.Edge, ["doctor", "--admin-socket", setup.Edge.AdminSocket])).Succeeded();
            Assert.Contains("ok       tls ", doctor.StandardOutput, StringComparison.Ordinal);
        }
        finally
        {
            state.Delete(recursive: true);
        }
    }

    /// <summary>Renews as certbot does: other files take the places of the old ones, one after the other.</summary>
    [Theory]
    [InlineData("tcpTls")]
    [InlineData("quic")]
    public async Task A_configured_certificate_is_taken_up_when_its_files_change(string transport)
    {
        QuicRequired.CheckFor(transport);
        var files = Directory.CreateTempSubdirectory("tunnel-certificate-");
        try
        {
            var (certificate, key) = (Path.Combine(files.FullName, "fullchain.pem"), Path.Combine(files.FullName, "privkey.pem"));
            Write(certificate, key);
            await using var setup = await TunnelSetup.StartAsync(
                policies: TunnelSetup.WithoutHeader,
                hubSettings: new() { ["tls"] = new JsonObject { ["certPem"] = certificate, ["keyPem"] = key } },
                edgeArguments: ["--transport", transport]);
            var old = (await setup.Hub.StatusAsync()).GetProperty("certificatePin").GetString()!;
            await File.WriteAllTextAsync(key, "damaged");
            await setup.Hub.Process.WaitForLineAsync("can't be used, so the hub goes on with what it has");
            Assert.Equal(old, (await setup.Hub.StatusAsync()).GetProperty("certificatePin").GetString());

            Write(certificate + ".new", key + ".new");
            File.Move(certificate + ".new", certificate, overwrite: true);
            File.Move(key + ".new", key, overwrite: true);
            await Eventually.IsTrueAsync(
                async () => (await setup.Hub.StatusAsync()).GetProperty("certificatePin").GetString() != old, "the new one",
                explain: () => setup.Hub.Process.Log);

            // The edge's token has the old pin; it was told the new one.
            using var upstream = setup.Listen(setup.Tcp[0]);
            (await setup.Hub.RunAsync("edge", "disconnect", TunnelSetup.EdgeId)).Succeeded();
            await setup.Edge.WaitForPortsAsync(setup.Tcp, setup.Udp);
            await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
        }
        finally
        {
            files.Delete(recursive: true);
        }
    }

    /// <summary>
    /// Kills the hub on its way to keep the next certificate or to give it its place, or the edge on its way to keep the pin: before the
    /// content is on the disk, before it has its name, before its name is on the disk. Whatever is there then, the same commands lead to
    /// the new certificate.
    /// </summary>
    [Theory]
    [InlineData("next", false, "fsync", 1)]
    [InlineData("next", false, KillAt.Rename, 1)]
    [InlineData("next", false, "fsync", 2)]
    [InlineData("next", true, "fsync", 1)]
    [InlineData("next", true, KillAt.Rename, 1)]
    [InlineData("next", true, "fsync", 2)]
    [InlineData("switch", false, KillAt.Rename, 1)]
    [InlineData("switch", false, "fsync", 1)]
    public async Task Killed_at_any_step_the_edge_follows_all_the_same(string step, bool edge, string call, int time)
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        var old = (await setup.Hub.StatusAsync()).GetProperty("certificatePin").GetString()!;
        if (step == "switch")
        {
            (await setup.Hub.RunAsync("certificate", "next")).Succeeded();
            await ToldAsync(setup);
        }

        var victim = edge ? setup.Edge.Process : setup.Hub.Process;
        await using (await KillAt.AttachAsync(victim, call, time))
        {
            var asked = await setup.Hub.RunAsync("certificate", step);
            Assert.Equal(edge ? 0 : 1, asked.ExitCode);
            await victim.WaitForExitAsync(TimeSpan.FromSeconds(30));
        }

        await (edge ? setup.Edge.RestartAsync() : setup.Hub.RestartAsync());
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
        var found = (await setup.Hub.StatusAsync()).GetProperty("certificatePin").GetString()!;
        if (found == old)
        {
            (await setup.Hub.RunAsync("certificate", "next")).Succeeded();
            await ToldAsync(setup);
            (await setup.Hub.RunAsync("certificate", "switch")).Succeeded();
        }

        Assert.NotEqual(old, (await setup.Hub.StatusAsync()).GetProperty("certificatePin").GetString());
        (await setup.Hub.RunAsync("edge", "disconnect", TunnelSetup.EdgeId)).Succeeded();
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
    }

    [Fact]
    public async Task A_key_of_the_operators_is_taken_as_the_next_one()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: TunnelSetup.WithoutHeader);
        using var upstream = setup.Listen(setup.Tcp[0]);
        var (certificate, key) = (Path.Combine(setup.Directory, "own.crt"), Path.Combine(setup.Directory, "own.key"));
        Write(certificate, key);
        var next = (await setup.Hub.RunAsync("certificate", "next", "--cert-pem", certificate, "--key-pem", key))
            .Succeeded().StandardOutput.Trim();
        await ToldAsync(setup);
        Assert.Equal(next, (await setup.Hub.RunAsync("certificate", "switch")).Succeeded().StandardOutput.Trim());
        (await setup.Hub.RunAsync("edge", "disconnect", TunnelSetup.EdgeId)).Succeeded();
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
        await setup.Hub.RestartAsync();
        Assert.Equal(next, (await setup.Hub.StatusAsync()).GetProperty("certificatePin").GetString());
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
        await setup.AssertCarriesAsync(upstream, setup.Tcp[0]);
    }

    private static Task ToldAsync(TunnelSetup setup) => Eventually.IsTrueAsync(
        async () => await CertificateAsync(setup) is var shown && shown.TryGetProperty("nextPin", out _) && shown.GetProperty(
            "edgesNotTold").GetArrayLength() == 0,
        "the edge to know", explain: () => setup.Edge.Process.Log);

    private static void Write(string certificate, string key)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = new CertificateRequest("CN=hub.example", pair, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(90));
        File.WriteAllText(certificate, made.ExportCertificatePem());
        File.WriteAllText(key, pair.ExportPkcs8PrivateKeyPem());
    }

    private static async Task<JsonElement> CertificateAsync(TunnelSetup setup) =>
        (await setup.Hub.SendAsync(HttpMethod.Get, "api/v1/certificate")).Json();
}
