using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Page;

/// <summary>The web page in a real browser, at a real hub. No test leaves an error in the console, or a request to another place.</summary>
public sealed class PageTests(PageBrowser browser) : IClassFixture<PageBrowser>
{
    private const string Hostile = "<img src=x onerror=document.title='owned'>";

    [Fact]
    public async Task What_passes_appears_by_itself()
    {
        await using var setup = await PageSetup.StartAsync();
        await using var page = await browser.OpenAsync(setup.Hub);
        await page.WaitForTextAsync("1 of 1 edge connected");
        await page.Page.GetByRole(AriaRole.Img, new() { Name = "Throughput of all edges" }).WaitForAsync();

        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);
        await open.AssertEchoAsync();
        await page.ShowAsync($"#/edges/{TunnelSetup.EdgeId}");
        await page.WaitForTextAsync("1 TCP, 0 UDP");
        await page.ShowAsync("#/connections");
        await page.WaitForTextAsync(open.Client.LocalEndPoint!.ToString()!);
        await page.ShowAsync("#/events");
        await page.Page.Locator(".state", new() { HasText = "edge connected" }).First.WaitForAsync();
        Assert.DoesNotContain("#login", page.Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_hubs_share_and_can_not_be_used_is_told_with_what_it_means()
    {
        await using var setup = await PageSetup.StartAsync();
        await using var page = await browser.OpenAsync(setup.Hub);
        await page.WaitForTextAsync("1 of 1 edge connected");
        await ChangeStatusAsync(
            page,
            status =>
            {
                status["sharedState"] = new JsonObject { ["database"] = "PostgreSQL database tunnel at db", ["fault"] = "It can't be used now: Connection refused." };
            });
        await page.WaitForTextAsync("The database that hubs share can't be used");
        await page.WaitForTextAsync("It can't be used now: Connection refused. Edges and blocks are as last known, and changes are refused until it is back.");
        await page.Page.UnrouteAllAsync(new() { Behavior = UnrouteBehavior.Wait });
    }

    [Fact]
    public async Task Certificates_and_authorizers_that_need_somebody_are_among_the_problems()
    {
        await using var setup = await PageSetup.StartAsync();
        await using var page = await browser.OpenAsync(setup.Hub);
        await page.WaitForTextAsync("1 of 1 edge connected");
        await ChangeStatusAsync(
            page,
            status =>
            {
                status["portCertificates"] = new JsonArray(
                    Certificate("/tls/ok.pem", DateTimeOffset.UtcNow.AddDays(60)),
                    Certificate("/tls/soon.pem", DateTimeOffset.UtcNow.AddDays(3)),
                    Certificate("/tls/kept.pem", DateTimeOffset.UtcNow.AddDays(60), "has no certificate in PEM", keepsOld: true),
                    Certificate("/tls/none.pem", null, "does not exist"));
                status["authorizers"] = new JsonArray(new JsonObject
                {
                    ["edgeId"] = TunnelSetup.EdgeId,
                    ["ports"] = "443",
                    ["url"] = "http://127.0.0.1:9000/authorize",
                    ["failOpen"] = false,
                    ["fault"] = "connection refused",
                    ["faultSince"] = DateTimeOffset.UtcNow.AddMinutes(-5),
                });
            });
        await page.ShowAsync($"#/edges/{TunnelSetup.EdgeId}");
        await page.WaitForTextAsync("/tls/soon.pem (a.test). Put a new one into the files; the hub takes it by itself.");
        await page.WaitForTextAsync("/tls/kept.pem (a.test): it has no certificate in PEM. What was there before is used.");
        await page.WaitForTextAsync($"{TunnelSetup.EdgeId} tcp/443: the certificate can't be used");
        await page.WaitForTextAsync("/tls/none.pem (a.test): it does not exist. Clients who need it are reset or warned.");
        await page.WaitForTextAsync($"{TunnelSetup.EdgeId} tcp/443: authorizeUrl gives no answer, and clients are refused");
        await page.WaitForTextAsync("http://127.0.0.1:9000/authorize, for 5 min: connection refused");
        Assert.DoesNotContain("/tls/ok.pem", await page.Page.ContentAsync(), StringComparison.Ordinal);
        await page.Page.UnrouteAllAsync(new() { Behavior = UnrouteBehavior.Wait });

        static JsonObject Certificate(string path, DateTimeOffset? expires, string? fault = null, bool keepsOld = false) => new()
        {
            ["edgeId"] = TunnelSetup.EdgeId,
            ["ports"] = "443",
            ["path"] = path,
            ["names"] = new JsonArray("a.test"),
            ["expires"] = expires,
            ["fault"] = fault,
            ["keepsOld"] = keepsOld,
        };
    }

    [Fact]
    public async Task An_edge_is_added_by_keyboard_and_connects_with_the_token_that_is_shown_once()
    {
        await using var setup = await PageSetup.StartAsync();
        await using var page = await browser.OpenAsync(setup.Hub);
        var port = FreePorts.Next();
        await page.ShowAsync("#/add");
        await page.Page.GetByLabel("Name").FocusAsync();
        await page.Page.Keyboard.TypeAsync("added");
        await page.Page.Keyboard.PressAsync("Tab");
        await page.Page.Keyboard.TypeAsync($"{port}");
        await page.Page.Locator("#host").FillAsync(setup.Hub.EndPoint.ToString());
        await page.Page.Keyboard.PressAsync("Enter");
        var token = KnownSecrets.Add((await page.Page.GetByLabel("Token", new() { Exact = true }).TextContentAsync())!.Trim());

        await using var edge = EdgeProcess.Start(setup.Directory, token, LoopbackAddresses.Next(), "--firewall", "off");
        await edge.WaitForPortsAsync([port], []);
        await page.ShowAsync("#/edges/added");
        await page.Page.Locator("main .state.good").First.WaitForAsync();
        Assert.DoesNotContain(token, await page.Page.ContentAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_stands_beside_its_field_and_what_would_change_is_shown_before()
    {
        await using var setup = await PageSetup.StartAsync();
        await using var page = await browser.OpenAsync(setup.Hub);
        await page.ShowAsync($"#/edges/{TunnelSetup.EdgeId}/edit");
        var tcp = page.Page.GetByLabel("TCP ports");
        await tcp.FillAsync("70000");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Show what would change" }).ClickAsync();
        await page.Page.Locator("#tcp-error", new() { HasText = "ports are 1–65535" }).WaitForAsync();
        Assert.Equal("true", await tcp.GetAttributeAsync("aria-invalid"));
        Assert.Equal("tcp", await page.Page.EvaluateAsync<string>("document.activeElement.id"));

        var port = FreePorts.Next();
        await tcp.FillAsync($"{setup.Tcp[0]}, {port}");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Show what would change" }).ClickAsync();
        await page.Page.Locator("dialog .diff", new() { HasText = $"tcp/{port}" }).WaitForAsync();
        // Nothing is done before it is wanted.
        await setup.Edge.WaitForPortsAsync(setup.Tcp, []);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Do this" }).ClickAsync();
        await setup.Edge.WaitForPortsAsync([setup.Tcp[0], port], []);
    }

    [Fact]
    public async Task A_restart_of_the_hub_is_told_and_survived()
    {
        await using var setup = await PageSetup.StartAsync();
        await using var page = await browser.OpenAsync(setup.Hub);
        await page.WaitForTextAsync("1 of 1 edge connected");
        setup.Hub.Process.Signal(ManagedProcess.SigKill);
        await page.WaitForTextAsync("The hub does not answer");
        await setup.Hub.RestartAsync();
        await page.Page.GetByText("The hub does not answer").First.WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        await page.WaitForTextAsync("1 of 1 edge connected");
    }

    [Fact]
    public async Task What_others_say_stays_text()
    {
        await using var setup = await PageSetup.StartAsync();
        await setup.Hub.PutEdgeAsync(TunnelSetup.EdgeId, setup.Tcp, [], new JsonObject
        {
            [$"tcp/{setup.Tcp[0]}"] = new JsonObject { ["name"] = Hostile, ["notes"] = Hostile, ["proxyProtocol"] = "off" },
        });
        var blocked = await setup.Hub.SendAsync(HttpMethod.Post, "api/v1/blocks", new JsonObject { ["ip"] = "192.0.2.9", ["reason"] = Hostile }.ToJsonString());
        Assert.True(blocked.IsSuccess, blocked.Body);

        await using var page = await browser.OpenAsync(setup.Hub);
        foreach (var view in (string[])["#/blocks", $"#/edges/{TunnelSetup.EdgeId}", $"#/edges/{TunnelSetup.EdgeId}/edit"])
        {
            await page.ShowAsync(view);
            await page.WaitForTextAsync(Hostile);
            Assert.Equal(0, await page.Page.Locator("img[src=x]").CountAsync());
            Assert.NotEqual("owned", await page.Page.TitleAsync());
        }
    }

    [Fact]
    public async Task Who_may_only_look_is_offered_nothing_that_changes_something()
    {
        const string Offered = "[...document.querySelectorAll('main button, main a, #views a')].map(node => node.textContent.trim())";
        string[] changing = ["Add an edge", "Edit", "Disable", "New secret", "Disconnect", "Remove", "Edit ports and settings", "Block an address", "Block", "Lift", "Apply"];
        string[] views = ["#/", $"#/edges/{TunnelSetup.EdgeId}", $"#/edges/{TunnelSetup.EdgeId}/edit", "#/add", "#/apply", "#/connections", "#/log", "#/blocks"];
        await using var setup = await PageSetup.StartAsync();
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await PageSetup.FillAsync(setup, upstream);
        foreach (var readOnly in (bool[])[false, true])
        {
            await using var page = await browser.OpenAsync(setup.Hub, readOnly: readOnly);
            var found = new HashSet<string>();
            foreach (var view in views)
            {
                await page.ShowWholeAsync(view);
                found.UnionWith(await page.Page.EvaluateAsync<string[]>(Offered));
            }

            if (readOnly)
                Assert.Empty(changing.Intersect(found));
            else
                Assert.Empty(changing.Except(found));
            Assert.Equal(readOnly ? 1 : 0, await page.Page.GetByText("read-only", new() { Exact = true }).CountAsync());
        }
    }

    [Fact]
    public async Task The_keyboard_keeps_its_place_and_Enter_twice_removes_nothing()
    {
        const string focus = "(document.activeElement.tagName + ' ' + document.activeElement.textContent.trim())";
        await using var setup = await PageSetup.StartAsync();
        await using var page = await browser.OpenAsync(setup.Hub);
        await page.WaitForTextAsync("1 of 1 edge connected");
        await page.ShowAsync($"#/edges/{TunnelSetup.EdgeId}");
        // The view is brought up to date once a second.
        await page.WaitForTextAsync("0 TCP, 0 UDP");
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await setup.OpenAsync(upstream, setup.Tcp[0]);
        await page.WaitForTextAsync("1 TCP, 0 UDP");
        Assert.Equal($"H1 {TunnelSetup.EdgeId}", await page.Page.EvaluateAsync<string>(focus));

        while (await page.Page.EvaluateAsync<string>(focus) != "BUTTON Remove")
            await page.Page.Keyboard.PressAsync("Tab");
        await page.Page.Keyboard.PressAsync("Enter");
        await page.Page.Locator("dialog h2").WaitForAsync();
        Assert.Equal("BUTTON Cancel", await page.Page.EvaluateAsync<string>(focus));
        await page.Page.Keyboard.PressAsync("Enter");
        await page.Page.Locator("dialog").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        Assert.True((await setup.Hub.SendAsync(HttpMethod.Get, $"api/v1/edges/{TunnelSetup.EdgeId}")).IsSuccess);
    }

    [Fact]
    public async Task An_edge_whose_port_leads_nowhere_is_not_shown_as_well()
    {
        await using var setup = await PageSetup.StartAsync();
        await using var page = await browser.OpenAsync(setup.Hub);
        await page.Page.Locator("td .state", new() { HasText = "up" }).WaitForAsync();
        // Nobody listens at its target.
        using var client = await setup.ConnectAsync(setup.Tcp[0]);
        await page.Page.Locator("td .state.bad", new() { HasText = "up, target fails" }).WaitForAsync();
    }

    // What the hub answers, with a change: the page sees what the test could not bring about.
    private static Task ChangeStatusAsync(OpenPage page, Action<JsonNode> change) => page.Page.RouteAsync(
        "**/api/v1/status*",
        async route =>
        {
            var answer = await route.FetchAsync();
            var status = JsonNode.Parse(await answer.TextAsync())!;
            change(status);
            await route.FulfillAsync(new() { Response = answer, Body = status.ToJsonString() });
        });
}
