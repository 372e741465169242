using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Page;

/// <summary>
/// The web page works in a real browser, at a real hub. No test leaves an error in the console, or a request to another place.
/// </summary>
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
    public async Task What_is_wrong_is_told_with_what_to_do()
    {
        await using var setup = await PageSetup.StartAsync();
        await using var page = await browser.OpenAsync(setup.Hub);
        await page.WaitForTextAsync("1 of 1 edge connected");
        await ChangeOverviewAsync(
            page,
            overview =>
            {
                (overview["bad"], overview["warn"]) = (3, 1);
                overview["troubles"] = new JsonArray(
                    Trouble("bad", null, "The database that hubs share can't be used", "It can't be used now: Connection refused."),
                    Trouble("bad", TunnelSetup.EdgeId, Hostile, "\u202ereversed\u0007"),
                    Trouble("bad", TunnelSetup.EdgeId, "a target can't be reached", "refused 7"),
                    Trouble("warn", TunnelSetup.EdgeId, "the certificate ends in 3 d", "Put a new one into the files."));
            });
        await page.WaitForTextAsync("3 faults and 1 warning");
        await page.WaitForTextAsync("It can't be used now: Connection refused.");
        await page.WaitForTextAsync(Hostile);
        await page.WaitForTextAsync(@"\u202ereversed\u0007");
        Assert.Equal(0, await page.Page.GetByText("the certificate ends in 3 d").CountAsync());
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Show 1 more" }).ClickAsync();
        await page.WaitForTextAsync("the certificate ends in 3 d");
        await page.Page.GetByRole(AriaRole.Link, new() { Name = $"Open {Hostile}" }).ClickAsync();
        await page.WaitForTextAsync("Put a new one into the files.");
        await page.Page.UnrouteAllAsync(new() { Behavior = UnrouteBehavior.Wait });

        static JsonObject Trouble(string health, string? edge, string title, string detail) =>
            new() { ["health"] = health, ["edgeId"] = edge, ["title"] = title, ["detail"] = detail };
    }

    [Fact]
    public async Task Of_many_edges_the_page_shows_a_part_and_finds_and_sorts_the_others()
    {
        await using var setup = await PageSetup.StartAsync();
        foreach (var n in Enumerable.Range(0, 55))
        {
            var added = await setup.Hub.SendAsync(
                HttpMethod.Post, $"api/v1/edges?host={setup.Hub.EndPoint}", $$"""{"id":"many-{{n:00}}","listenPorts":[443]}""");
            Assert.True(added.IsSuccess, "an edge can't be added");
        }

        await using var page = await browser.OpenAsync(setup.Hub);
        await page.WaitForTextAsync("1 of 56 edges connected");
        await page.WaitForTextAsync("1–50 of 56");
        Assert.Equal(50, await page.Page.Locator("tbody tr").CountAsync());
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Next" }).ClickAsync();
        await page.Page.Locator("tbody tr", new() { HasText = "many-54" }).WaitForAsync();
        await page.Page.GetByLabel("Edges whose name has").FillAsync("MANY-03");
        await page.Page.Locator("tbody tr", new() { HasText = "many-03" }).WaitForAsync();
        await page.Page.Locator("tbody tr", new() { HasText = "many-54" }).WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await page.Page.GetByLabel("Edges whose name has").FillAsync("nobody");
        await page.WaitForTextAsync("No edge has that in its name.");
        await page.Page.GetByLabel("Edges whose name has").FillAsync("");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Edge", Exact = true }).ClickAsync();
        await page.Page.Locator("tbody tr:first-child", new() { HasText = TunnelSetup.EdgeId }).WaitForAsync();
    }

    [Fact]
    public async Task On_a_phone_edges_that_are_well_take_two_lines_below_those_in_trouble()
    {
        await using var setup = await PageSetup.StartAsync();
        await using var page = await browser.OpenAsync(setup.Hub, width: 390);
        await page.WaitForTextAsync("1 of 1 edge connected");
        await ChangeOverviewAsync(
            page,
            overview =>
            {
                var edges = overview["edges"]!.AsArray();
                var well = edges[0]!.DeepClone();
                for (var n = 1; n < 50; n++)
                {
                    var other = well.DeepClone();
                    other["edgeId"] = $"well-{n:00}";
                    edges.Add(other);
                }

                edges[0]!["edgeId"] = "in-trouble";
                (edges[0]!["health"], edges[0]!["word"], edges[0]!["failedPorts"]) = ("bad", "1 port not bound", "tcp/443");
            });
        await page.WaitForTextAsync("well-49");
        var (trouble, calm) = (page.Page.Locator("tr:not(.calm)", new() { HasText = "in-trouble" }), page.Page.Locator("tr.calm"));
        Assert.Equal(49, await calm.CountAsync());
        Assert.True(await trouble.GetByText("not bound: tcp/443").IsVisibleAsync());
        Assert.True(await calm.First.Locator("[data-label='To clients']").IsVisibleAsync());
        Assert.False(await calm.First.Locator("[data-label=Ports]").IsVisibleAsync());
        Assert.InRange(await page.Page.EvaluateAsync<int>("document.documentElement.scrollHeight"), 0, 5_000);
        await calm.First.GetByRole(AriaRole.Link).ClickAsync();
        await page.Page.Locator("h1", new() { HasText = "well-01" }).WaitForAsync();
        await page.Page.UnrouteAllAsync(new() { Behavior = UnrouteBehavior.Wait });
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
        // Nothing is done before the operator wants it.
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
        await page.Page.Locator("h1", new() { HasText = "The hub does not answer" }).WaitForAsync();
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
        var blocked = await setup.Hub.SendAsync(
            HttpMethod.Post, "api/v1/blocks", new JsonObject { ["ip"] = "192.0.2.9", ["reason"] = Hostile }.ToJsonString());
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
        string[] changing = [
            "Add an edge", "Edit", "Disable", "New secret", "Disconnect", "Remove", "Edit ports and settings", "Block an address", "Block",
            "Lift", "Apply"];
        string[] views = [
            "#/", $"#/edges/{TunnelSetup.EdgeId}", $"#/edges/{TunnelSetup.EdgeId}/edit", "#/add", "#/apply", "#/connections", "#/log",
            "#/blocks"];
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
    public async Task A_read_only_key_at_the_login_shows_every_view()
    {
        await using var setup = await PageSetup.StartAsync();
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await PageSetup.FillAsync(setup, upstream);
        await using var page = await browser.OpenWithKeyAsync(setup.Hub, await ReadOnlyKeyAsync(setup));
        await page.WaitForTextAsync("1 of 1 edge connected");
        Assert.Equal(1, await page.Page.GetByText("read-only", new() { Exact = true }).CountAsync());
        Assert.Equal(0, await page.Page.GetByRole(AriaRole.Link, new() { Name = "Add an edge" }).CountAsync());
        await page.ShowAsync($"#/edges/{TunnelSetup.EdgeId}");
        await page.WaitForTextAsync("1 TCP, 0 UDP");
        Assert.Equal(0, await page.Page.GetByRole(AriaRole.Button, new() { Name = "Disable" }).CountAsync());
        await page.ShowAsync("#/connections");
        await page.WaitForTextAsync(open.Client.LocalEndPoint!.ToString()!);
        await page.ShowAsync("#/events");
        await page.Page.Locator(".state", new() { HasText = "edge connected" }).First.WaitForAsync();
        await page.ShowAsync("#/blocks");
        await page.WaitForTextAsync("192.0.2.9");
    }

    [Fact]
    public async Task What_the_hub_forbids_is_told_in_its_words_and_the_page_stays()
    {
        await using var setup = await PageSetup.StartAsync();
        var key = await ReadOnlyKeyAsync(setup);
        await using var page = await browser.OpenAsync(setup.Hub);
        await page.WaitForTextAsync("1 of 1 edge connected");
        await page.ShowAsync($"#/edges/{TunnelSetup.EdgeId}");

        // The answer is as if the page's key had lost the right meanwhile.
        await page.Page.RouteAsync(
            $"**/api/v1/edges/{TunnelSetup.EdgeId}**",
            route => route.ContinueAsync(new()
            {
                Headers = route.Request.Headers.Select(header => header.Key == "authorization" ? new(header.Key, $"Bearer {key}") : header),
            }));
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Disable" }).ClickAsync();
        await page.WaitForTextAsync("This key may look and not change");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Disconnect" }).ClickAsync();
        await page.Page.Locator("dialog").GetByRole(AriaRole.Button, new() { Name = "Disconnect" }).ClickAsync();
        await page.Page.Locator("dialog").GetByText("This key may look and not change").First.WaitForAsync();
        await page.Page.Keyboard.PressAsync("Escape");
        await page.ShowAsync("#/");
        await page.WaitForTextAsync("1 of 1 edge connected");
        await page.Page.UnrouteAllAsync(new() { Behavior = UnrouteBehavior.Wait });
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
        // The target of the port does not listen.
        using var client = await setup.ConnectAsync(setup.Tcp[0]);
        await page.Page.Locator("td .state.bad", new() { HasText = "up, target fails" }).WaitForAsync();
    }

    private static async Task<string> ReadOnlyKeyAsync(TunnelSetup setup) =>
        KnownSecrets.Add((await setup.Hub.RunAsync("admin-key", "--read-only")).Succeeded().StandardOutput.Trim());

    // Changes an answer of the hub, so that the page sees what the test could not bring about.
    private static Task ChangeOverviewAsync(OpenPage page, Action<JsonNode> change) => page.Page.RouteAsync(
        "**/api/v1/overview*",
        async route =>
        {
            var answer = await route.FetchAsync();
            var overview = JsonNode.Parse(await answer.TextAsync())!;
            change(overview);
            await route.FulfillAsync(new() { Response = answer, Body = overview.ToJsonString() });
        });
}
