using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Page;

/// <summary>Takes the pictures of the README from a real hub when they are asked for: <c>TUNNEL_PICTURES=1</c>.</summary>
public sealed class PagePictures(PageBrowser browser) : IClassFixture<PageBrowser>
{
    // The wait is as long as the picture's graph shall be; a picture is no test, so it may wait.
    private const int Seconds = 90;

    [Fact]
    public async Task The_pictures_are_made_when_they_are_asked_for()
    {
        if (Environment.GetEnvironmentVariable("TUNNEL_PICTURES") is not { Length: > 0 })
            return;
        await using var setup = await TunnelSetup.StartAsync(
            tcp: 2, udp: 1, policies: Policies, hubSettings: new JsonObject { ["adminListen"] = $"http://127.0.0.1:{FreePorts.Next()}" },
            edgeArguments: ["--firewall", "off"]);
        await setup.Hub.AddEdgeAsync("ams-1", [80, 443], [53]);
        await setup.Hub.AddEdgeAsync("waw-2", [443], []);
        await setup.Hub.RunAsync("edge", "disable", "waw-2");
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);
        using var end = new CancellationTokenSource();
        var talking = TalkAsync(open, end.Token);
        await Task.Delay(TimeSpan.FromSeconds(Seconds));

        var directory = Directory.CreateDirectory(Path.Combine(Documentation.Root, "docs/images")).FullName;
        var top = (await setup.Hub.RunAsync("top", "--once")).Succeeded().StandardOutput;
        foreach (var scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            await using var page = await browser.OpenAsync(setup.Hub, scheme, 1280, 860);
            await page.Page.GetByRole(AriaRole.Img, new() { Name = "Throughput of all edges" }).WaitForAsync();
            // The rates come with the second status.
            await page.Page.Locator(".spark path").First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
            await page.Page.Locator("td", new() { HasText = "B/s" }).First.WaitForAsync();
            await page.Page.ScreenshotAsync(new() { Path = Path.Combine(directory, $"page-{scheme.ToString().ToLowerInvariant()}.png") });
            await browser.DrawAsync(
                "<pre style='font:14px/1.35 "
                    + $"monospace;margin:0;padding:16px;width:max-content;{Colours(scheme)}'>{WebUtility.HtmlEncode(top)}</pre>",
                Path.Combine(directory, $"top-{scheme.ToString().ToLowerInvariant()}.png"));
        }

        await end.CancelAsync();
        await talking;
    }

    private static string Colours(ColorScheme scheme) =>
        scheme == ColorScheme.Dark ? "background:#0f141b;color:#e7ecf3" : "background:#fff;color:#18212d";

    // A client asks every quarter of a second, and gets four times as much back.
    private static async Task TalkAsync(StreamPair pair, CancellationToken cancellationToken)
    {
        for (var turn = 0; !cancellationToken.IsCancellationRequested; turn++)
        {
            var bytes = (int)(30_000 * (1.3 + Math.Sin(turn / 36.0)));
            for (var way = 0; way < 5; way++)
            {
                var (from, to) = way == 0 ? (pair.Client, pair.Server) : (pair.Server, pair.Client);
                var sending = from.SendAllAsync(new byte[bytes]);
                await to.ReceiveExactlyAsync(bytes);
                await sending;
            }

            await Task.Delay(250, CancellationToken.None);
        }
    }

    private static JsonObject Policies(int[] tcp, int[] udp) => new()
    {
        ["default"] = new JsonObject { ["proxyProtocol"] = "off" },
        [$"tcp/{tcp[0]}"] = new JsonObject { ["name"] = "web" },
    };
}
