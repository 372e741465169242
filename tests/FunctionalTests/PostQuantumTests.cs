using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Tunnel.FunctionalTests.Harness;
using Tunnel.FunctionalTests.Page;
using Tunnel.FunctionalTests.Programs;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests;

/// <summary>
/// Chromium sends key shares that are safe from quantum computers, which are longer than a segment, and is still led by its name.
/// </summary>
public sealed class PostQuantumTests
{
    // A key share of X25519MLKEM768, which has 1,216 bytes, begins so.
    private static readonly byte[] Share = [0x11, 0xEC, 0x04, 0xC0];

    [Fact]
    public async Task Chromium_is_led_by_its_name_however_its_long_hello_is_split()
    {
        var web = FreePorts.Next();
        await using var setup = await TunnelSetup.StartAsync();
        // The port's own target is not there.
        (await setup.Hub.RunAsync(
            "port", "set", TunnelSetup.EdgeId, $"tcp/{setup.Tcp[0]}", "--tls", "passthrough", "--routes",
            $"*.two.test={setup.TargetAddress}:{web}",
            "--proxy-tlvs", "true")).Succeeded();
        var certificate = TestCertificates.Write(setup.Directory, "*.two.test");
        await using var haproxy = await HaproxyServer.StartAsync(
            setup.Directory, "%[ssl_fc_sni] %[fc_pp_authority] %[ssl_fc_protocol]",
            (new IPEndPoint(setup.TargetAddress, web), $"ssl crt {certificate}"));
        using var splitter = new HelloSplitter(new IPEndPoint(setup.EdgeAddress, setup.Tcp[0]), ArrivedAsync);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await PageBrowser.LaunchAsync(playwright, "--host-resolver-rules=MAP *.test 127.0.0.1");

        foreach (var (inRecords, inSegments) in new[] { (false, false), (false, true), (true, false), (true, true) })
        {
            (splitter.InRecords, splitter.InSegments) = (inRecords, inSegments);
            await using var context = await browser.NewContextAsync(new() { IgnoreHTTPSErrors = true });
            var page = await context.NewPageAsync();
            // Each request has a name of its own, so that the browser makes a connection of its own.
            var name = $"{(inRecords ? "records" : "record")}-{(inSegments ? "segments" : "segment")}.two.test";
            await page.GotoAsync($"https://{name}:{splitter.Port}/");
            Assert.Equal($"{name} {name} TLSv1.3", (await page.Locator("body").TextContentAsync())!.Trim());
            Assert.True(
                splitter.Hello.AsSpan().IndexOf(Share) > 0 && splitter.Hello.Length > 1_460, $"a hello of {splitter.Hello.Length} bytes");
        }

        // The hub has the first part and waits for the other.
        Task ArrivedAsync(int count) => Eventually.IsTrueAsync(
            async () => JsonNode.Parse((await setup.Hub.SendAsync(HttpMethod.Get, "api/v1/streams")).Body)!["streams"]!.AsArray()
                .Any(stream => (long)stream!["bytesIn"]! == count),
            "the first part of a hello to arrive", explain: () => setup.Hub.Process.Log);
    }
}
