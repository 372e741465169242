using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Programs;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>Ports have clients that speak TLS, with curl and HAProxy.</summary>
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
        var certificates =
            new[] { "one.test", "*.two.test", "default.test" }.Select(name => TestCertificates.Write(setup.Directory, name)).ToArray();
        await using var haproxy = await HaproxyServer.StartAsync(
            setup.Directory, "%[src] %[ssl_fc_sni] %[fc_pp_authority]",
            [.. new[] { one, two, port }.Select((at, i) => (new IPEndPoint(setup.TargetAddress, at), $"ssl crt {certificates[i]}"))]);
        var source = LoopbackAddresses.Next();

        Assert.Equal($"{source} one.test one.test", await CurlAsync(setup, source, "one.test", certificates[0]));
        Assert.Equal($"{source} www.two.test www.two.test", await CurlAsync(setup, source, "www.two.test", certificates[1]));
        Assert.Equal($"{source} default.test default.test", await CurlAsync(setup, source, "default.test", certificates[2]));

        Assert.Contains(
            $"{setup.TargetAddress}:{two} for *.two.test up",
            (await setup.Hub.RunAsync("edge", "show", TunnelSetup.EdgeId)).Succeeded().StandardOutput);
        Assert.Contains(
            "\"route\":\"one.test\"",
            (await setup.Hub.SendAsync(HttpMethod.Get, "api/v1/status")).Body.Replace(" ", "", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("tcpTls")]
    [InlineData("quic")]
    public async Task TLS_ends_at_the_hub_by_name_and_haproxy_is_told_of_the_session(string transport)
    {
        QuicRequired.CheckFor(transport);
        await using var setup = await TunnelSetup.StartAsync(edgeArguments: ["--transport", transport]);
        var port = setup.Tcp[0];
        var certificates = new[] { "one.test", "*.two.test" }.Select(name => TestCertificates.Write(setup.Directory, name)).ToArray();
        (await SetTlsAsync(setup, new JsonObject
        {
            ["certificates"] = new JsonArray([.. certificates.Select(path => new JsonObject { ["certPem"] = path })]),
            ["alpn"] = new JsonArray("http/1.1"),
        })).Succeeded();
        await using var haproxy = await HaproxyServer.StartAsync(
            setup.Directory, "%[src] %[fc_pp_authority]", new IPEndPoint(setup.TargetAddress, port));
        var source = LoopbackAddresses.Next();

        Assert.Equal($"{source} one.test", await CurlAsync(setup, source, "one.test", certificates[0]));
        Assert.Equal($"{source} www.two.test", await CurlAsync(setup, source, "www.two.test", certificates[1], "--tls-max", "1.2"));
        Assert.Contains(
            $"tunnel_certificate_expiry_timestamp_seconds{{certificate=\"{certificates[0]}\"}}",
            (await setup.Hub.SendAsync(HttpMethod.Get, "metrics")).Body);

        // The certificate is renewed as certbot does it, by another file of the same name; then comes one that can't be used.
        var renewed = TestCertificates.Write(setup.Directory, "one.test");
        await Eventually.IsTrueAsync(
            async () => (await TryCurlAsync(setup, source, "one.test", renewed)).ExitCode == 0, "the new certificate",
            explain: () => setup.Hub.Process.Log);
        await File.WriteAllTextAsync(renewed, (await File.ReadAllTextAsync(renewed)).Split('\n')[0]);
        await Eventually.IsTrueAsync(
            () => setup.Hub.Process.Log.Contains("can't be used, so ports go on", StringComparison.Ordinal), "a warning");
        Assert.Equal($"{source} www.two.test", await CurlAsync(setup, source, "www.two.test", certificates[1]));
    }

    [Fact]
    public async Task Clients_show_their_certificate_with_curl_and_openssl_or_do_not_come_in()
    {
        await using var setup = await TunnelSetup.StartAsync();
        using var authority = TestCertificates.MakeAuthority();
        using var client = TestCertificates.Make(authority, null, "client.test");
        var (ca, shown) = (Path.Combine(setup.Directory, "ca.pem"), Path.Combine(setup.Directory, "client.pem"));
        await File.WriteAllTextAsync(ca, authority.ExportCertificatePem());
        await File.WriteAllTextAsync(shown, TestCertificates.Pem(client));
        var certificate = TestCertificates.Write(setup.Directory, "one.test");
        (await SetTlsAsync(setup, new JsonObject
        {
            ["certificates"] = new JsonArray(new JsonObject { ["certPem"] = certificate }),
            ["alpn"] = new JsonArray("http/1.1"),
            ["clientCa"] = ca,
        })).Succeeded();
        await using var haproxy = await HaproxyServer.StartAsync(
            setup.Directory, "%[src] %[fc_pp_authority]", new IPEndPoint(setup.TargetAddress, setup.Tcp[0]));
        var source = LoopbackAddresses.Next();

        foreach (var version in new[] { "1.2", "1.3" })
        {
            string[] options = ["--tlsv1.2", "--tls-max", version];
            Assert.Equal($"{source} one.test", await CurlAsync(setup, source, "one.test", certificate, [.. options, "--cert", shown]));
            Assert.NotEqual(0, (await TryCurlAsync(setup, source, "one.test", certificate, options)).ExitCode);
        }

        var session = (await ManagedProcess.RunAsync(
            DebianProgram.Openssl,
            [
                "s_client", "-connect", $"{setup.EdgeAddress}:{setup.Tcp[0]}", "-servername", "one.test", "-alpn", "h2,http/1.1", "-cert",
                shown,
                "-CAfile", certificate, "-verify_return_error", "-tls1_2",
            ])).StandardOutput;
        Assert.Contains("ALPN protocol: http/1.1", session);
        Assert.Contains("Verify return code: 0 (ok)", session);
    }

    [Fact]
    public async Task A_certificate_is_swapped_under_load_without_a_failed_handshake()
    {
        await using var setup = await TunnelSetup.StartAsync();
        var path = Path.Combine(setup.Directory, "tls.pem");
        var first = Put();
        (await SetTlsAsync(setup, new JsonObject { ["certificates"] = new JsonArray(new JsonObject { ["certPem"] = path }) })).Succeeded();
        await using var haproxy = await HaproxyServer.StartAsync(setup.Directory, new IPEndPoint(setup.TargetAddress, setup.Tcp[0]));
        var handshakes = 0;
        foreach (var wanted in Enumerable.Range(0, 4).Select(swap => swap == 0 ? first : Put()))
        {
            await Eventually.IsTrueAsync(
                async () =>
                {
                    var shown = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => HandshakeAsync()));
                    handshakes += shown.Length;
                    return shown.All(certificate => certificate == wanted);
                },
                "all clients see the new certificate", explain: () => setup.Hub.Process.Log);
        }

        var failures = (await setup.Hub.StatusAsync()).GetProperty("streamFailures");
        Assert.False(failures.TryGetProperty("handshakeFailed", out var failed) && failed.GetInt32() > 0, $"{failures} of {handshakes}");

        // The file is another one of the same name, as certbot leaves it.
        string Put()
        {
            using var certificate = TestCertificates.Make(null, null, "one.test");
            File.WriteAllText(path + ".new", TestCertificates.Pem(certificate));
            File.Move(path + ".new", path, overwrite: true);
            return certificate.GetCertHashString();
        }

        // Throws when the handshake fails.
        async Task<string> HandshakeAsync()
        {
            using var client = await setup.ConnectAsync(setup.Tcp[0]);
            await using var tls = new SslStream(new NetworkStream(client), false, static (_, _, _, _) => true);
            await tls.AuthenticateAsClientAsync("one.test").WaitAsync(TimeSpan.FromSeconds(30));
            return tls.RemoteCertificate!.GetCertHashString();
        }
    }

    [Fact]
    public async Task A_certificate_that_ends_is_warned_of_and_keeps_no_other_change_of_its_edge_from_being_made()
    {
        await using var setup = await TunnelSetup.StartAsync();
        var path = Path.Combine(setup.Directory, "tls.pem");
        await WriteAsync(days: 9.5);
        (await SetTlsAsync(setup, new JsonObject { ["certificates"] = new JsonArray(new JsonObject { ["certPem"] = path }) })).Succeeded();
        var line = $"tcp/{setup.Tcp[0]}: {path} for one.test ends in 9 d";
        Assert.Contains(line, (await setup.Hub.RunAsync("edge", "show", TunnelSetup.EdgeId)).Succeeded().StandardOutput);
        Assert.Contains($"{TunnelSetup.EdgeId} {line}", (await setup.Hub.RunAsync("status")).Succeeded().StandardOutput);
        Assert.Contains($"{TunnelSetup.EdgeId} {line}", (await setup.Hub.RunAsync("doctor")).StandardOutput);

        await WriteAsync(days: -1.5);
        const string fault = "ends in 9 d; the file has changed and can't be used: it is a certificate that ended at";
        await Eventually.IsTrueAsync(
            async () => (await setup.Hub.RunAsync("status")).StandardOutput.Contains(fault, StringComparison.Ordinal), "word of the file",
            explain: () => setup.Hub.Process.Log);
        var changed = (await setup.Hub.RunAsync("port", "set", TunnelSetup.EdgeId, $"tcp/{setup.Tcp[0]}", "--name", "web")).Succeeded();
        Assert.Contains("ended at", changed.StandardOutput + changed.StandardError);
        var refused = await setup.Hub.RunAsync(
            "port", "set", TunnelSetup.EdgeId, $"tcp/{setup.Tcp[0]}", "--upstream-tls", $"clientCert={path}");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("clientCert", refused.StandardError);

        async Task WriteAsync(double days)
        {
            using var certificate = TestCertificates.Make(null, DateTimeOffset.UtcNow.AddDays(days), "one.test");
            await File.WriteAllTextAsync(path, TestCertificates.Pem(certificate));
        }
    }

    [Fact]
    public async Task Certificates_that_can_not_be_used_are_one_list_of_faults()
    {
        await using var setup = await TunnelSetup.StartAsync();
        var good = TestCertificates.Write(setup.Directory, "one.test");
        var refused = await SetTlsAsync(setup, new JsonObject
        {
            ["certificates"] = new JsonArray(
                new JsonObject { ["certPem"] = good, ["keyPem"] = TestCertificates.Write(setup.Directory, "two.test") },
                new JsonObject { ["certPem"] = "/none.pem" }),
        });
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("private key of the certificate", refused.StandardError);
        Assert.Contains("does not exist", refused.StandardError);
    }

    [Fact]
    public async Task Who_speaks_no_TLS_or_asks_for_an_unknown_name_is_reset()
    {
        await using var setup = await TunnelSetup.StartAsync(policies: (tcp, _) => new JsonObject
        {
            [$"tcp/{tcp[0]}"] = new JsonObject
            {
                ["tls"] = new JsonObject { ["passthrough"] = true, ["strictSni"] = true },
                ["routes"] = new JsonArray(
                    new JsonObject { ["sni"] = "one.test", ["targets"] = new JsonArray(new JsonObject { ["host"] = "127.0.0.1" }) }),
            },
        });
        foreach (var url in new[] { $"http://one.test:{setup.Tcp[0]}/", $"https://two.test:{setup.Tcp[0]}/" })
        {
            var result = await ManagedProcess.RunAsync(
                DebianProgram.Curl, ["-sSk", "--noproxy", "*", "--connect-to", $"::{setup.EdgeAddress}:", url]);
            Assert.Contains("reset by peer", result.StandardError, StringComparison.OrdinalIgnoreCase);
        }

        var failures = (await setup.Hub.StatusAsync()).GetProperty("streamFailures");
        Assert.Equal((1, 1), (failures.GetProperty("notTls").GetInt32(), failures.GetProperty("unknownName").GetInt32()));
    }

    private static Task<ProgramResult> SetTlsAsync(TunnelSetup setup, JsonObject tls) =>
        setup.Hub.RunAsync("port", "set", TunnelSetup.EdgeId, $"tcp/{setup.Tcp[0]}", "--tls", tls.ToJsonString());

    private static async Task<string> CurlAsync(
        TunnelSetup setup, IPAddress source, string name, string certificate, params string[] options) =>
        (await TryCurlAsync(setup, source, name, certificate, options)).Succeeded().StandardOutput.Trim();

    // The certificate is checked, so that the server that answers has its key.
    private static Task<ProgramResult> TryCurlAsync(
        TunnelSetup setup, IPAddress source, string name, string certificate, params string[] options) =>
        ManagedProcess.RunAsync(
            DebianProgram.Curl,
            [
                "-sS", "--noproxy", "*", "--max-time", "20", "--interface", source.ToString(), "--cacert", certificate, .. options,
                "--connect-to", $"::{setup.EdgeAddress}:", $"https://{name}:{setup.Tcp[0]}/",
            ]);
}
