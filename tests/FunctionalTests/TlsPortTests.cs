using System.Net;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Programs;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Ports whose clients speak TLS, with curl and HAProxy.</summary>
public sealed class TlsPortTests
{
    [Theory]
    [InlineData("tcpTls")]
    [InlineData("quic")]
    public async Task One_port_serves_services_with_their_own_certificates_by_name(string transport)
    {
        QuicRequired.CheckFor(transport);
        var (one, two) = (FreePorts.Next(), FreePorts.Next());
        await using var setup = await TunnelSetup.StartAsync(edgeArguments: ["--transport", transport]);
        var port = setup.Tcp[0];
        (await setup.Hub.RunAsync(
            "port", "set", TunnelSetup.EdgeId, $"tcp/{port}", "--tls", "passthrough", "--routes", $"one.test={setup.TargetAddress}:{one}",
            $"*.two.test={setup.TargetAddress}:{two}", "--proxy-tlvs", "true")).Succeeded();
        var certificates = new[] { "one.test", "*.two.test", "default.test" }.Select(name => TestCertificates.Write(setup.Directory, name)).ToArray();
        await using var haproxy = await HaproxyServer.StartAsync(
            setup.Directory, "%[src] %[ssl_fc_sni] %[fc_pp_authority]",
            [.. new[] { one, two, port }.Select((at, i) => (new IPEndPoint(setup.TargetAddress, at), $"ssl crt {certificates[i]}"))]);
        var source = LoopbackAddresses.Next();

        Assert.Equal($"{source} one.test one.test", await CurlAsync(setup, source, "one.test", certificates[0]));
        Assert.Equal($"{source} www.two.test www.two.test", await CurlAsync(setup, source, "www.two.test", certificates[1]));
        Assert.Equal($"{source} default.test default.test", await CurlAsync(setup, source, "default.test", certificates[2]));

        Assert.Contains($"{setup.TargetAddress}:{two} for *.two.test up", (await setup.Hub.RunAsync("edge", "show", TunnelSetup.EdgeId)).Succeeded().StandardOutput);
        Assert.Contains("\"route\":\"one.test\"", (await setup.Hub.SendAsync(HttpMethod.Get, "api/v1/status")).Body.Replace(" ", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_speaks_no_TLS_or_asks_for_an_unknown_name_is_reset()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: (tcp, _) => new JsonObject
        {
            [$"tcp/{tcp[0]}"] = new JsonObject
            {
                ["tls"] = new JsonObject { ["passthrough"] = true, ["strictSni"] = true },
                ["routes"] = new JsonArray(new JsonObject { ["sni"] = "one.test", ["targets"] = new JsonArray(new JsonObject { ["host"] = "127.0.0.1" }) }),
            },
        });
        foreach (var url in new[] { $"http://one.test:{setup.Tcp[0]}/", $"https://two.test:{setup.Tcp[0]}/" })
        {
            var result = await ManagedProcess.RunAsync(DebianProgram.Curl, ["-sSk", "--noproxy", "*", "--connect-to", $"::{setup.EdgeAddress}:", url]);
            Assert.Contains("reset by peer", result.StandardError, StringComparison.OrdinalIgnoreCase);
        }

        var failures = (await setup.Hub.StatusAsync()).GetProperty("streamFailures");
        Assert.Equal((1, 1), (failures.GetProperty("notTls").GetInt32(), failures.GetProperty("unknownName").GetInt32()));
    }

    // The certificate is checked, so that whoever answers has its key.
    private static async Task<string> CurlAsync(TunnelSetup setup, IPAddress source, string name, string certificate)
    {
        var result = await ManagedProcess.RunAsync(
            DebianProgram.Curl,
            [
                "-sS", "--noproxy", "*", "--max-time", "20", "--interface", source.ToString(), "--cacert", certificate,
                "--connect-to", $"::{setup.EdgeAddress}:", $"https://{name}:{setup.Tcp[0]}/",
            ]);
        return result.Succeeded().StandardOutput.Trim();
    }
}
