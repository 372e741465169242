using System.Net;
using System.Text.Json.Nodes;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Programs;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>The hub speaks TLS to nginx, which wants a certificate of the hub.</summary>
public sealed class UpstreamTlsTests
{
    [Fact]
    public async Task Nginx_is_checked_and_shown_a_certificate_and_gets_the_clients_address()
    {
        await using var setup = await TunnelSetup.StartAsync();
        using var authority = TestCertificates.MakeAuthority();
        var ca = await WriteAsync("ca.pem", authority.ExportCertificatePem());
        using var server = TestCertificates.Make(authority, null, "web.test");
        using var hub = TestCertificates.Make(authority, null, "hub.test");
        var shown = await WriteAsync("hub.pem", TestCertificates.Pem(hub));
        await using var nginx = await StartAsync(await WriteAsync("web.pem", TestCertificates.Pem(server)), ca);
        var source = LoopbackAddresses.Next();

        await SetAsync(new JsonObject { ["sni"] = "web.test", ["ca"] = ca, ["clientCert"] = shown });
        Assert.Equal($"{source} SUCCESS CN=hub.test web.test", (await AskAsync()).Succeeded().StandardOutput);

        // These are another name than that of the certificate, another authority, and no certificate of the hub.
        await SetAsync(new JsonObject { ["sni"] = "other.test", ["ca"] = ca, ["clientCert"] = shown });
        Assert.NotEqual(0, (await AskAsync()).ExitCode);
        await SetAsync(new JsonObject { ["sni"] = "web.test", ["ca"] = shown, ["clientCert"] = shown });
        Assert.NotEqual(0, (await AskAsync()).ExitCode);
        Assert.Equal(2, (await setup.Hub.StatusAsync()).GetProperty("streamFailures").GetProperty("upstreamTls").GetInt32());
        await SetAsync(new JsonObject { ["sni"] = "web.test", ["ca"] = ca });
        Assert.DoesNotContain("SUCCESS", (await AskAsync()).StandardOutput);

        await SetAsync(new JsonObject { ["sni"] = "other.test", ["verify"] = false, ["clientCert"] = shown });
        Assert.Equal($"{source} SUCCESS CN=hub.test other.test", (await AskAsync()).Succeeded().StandardOutput);

        async Task<string> WriteAsync(string name, string text)
        {
            var path = Path.Combine(setup.Directory, name);
            await File.WriteAllTextAsync(path, text);
            return path;
        }

        async Task SetAsync(JsonObject tls) => (await setup.Hub.RunAsync(
            "port", "set", TunnelSetup.EdgeId, $"tcp/{setup.Tcp[0]}", "--upstream-tls", tls.ToJsonString())).Succeeded();

        Task<ProgramResult> AskAsync() => ManagedProcess.RunAsync(
            DebianProgram.Curl,
            ["-sS", "--noproxy", "*", "--max-time", "20", "--interface", source.ToString(), $"http://{setup.EdgeAddress}:{setup.Tcp[0]}/"]);

        Task<ManagedProcess> StartAsync(string certificate, string clientAuthority)
        {
            var endPoint = new IPEndPoint(setup.TargetAddress, setup.Tcp[0]);
            return NginxServer.StartAsync(setup.Directory, endPoint, $$"""
                access_log off;
                server {
                  listen {{endPoint}} ssl proxy_protocol;
                  ssl_certificate {{certificate}};
                  ssl_certificate_key {{certificate}};
                  ssl_client_certificate {{clientAuthority}};
                  ssl_verify_client on;
                  location / { return 200 "$proxy_protocol_addr $ssl_client_verify $ssl_client_s_dn $ssl_server_name"; }
                }
                """);
        }
    }
}
