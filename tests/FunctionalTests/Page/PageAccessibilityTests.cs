using Microsoft.Playwright;
using Tunnel.FunctionalTests.Harness;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.FunctionalTests.Page;

/// <summary>axe-core finds nothing against WCAG 2.2 AA in any view, dark and light, wide and on a phone.</summary>
public sealed class PageAccessibilityTests(PageBrowser browser) : IClassFixture<PageBrowser>
{
    private const string Axe = "axe-core@4.14.1";

    private const string Check = """
        async () => (await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }))
            .violations.map(fault => `${fault.id}: ${fault.nodes.map(node => node.html).join(' | ')}`)
        """;

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task Axe_finds_nothing_and_nothing_is_wider_than_the_screen(ColorScheme scheme, int width)
    {
        await using var setup = await PageSetup.StartAsync();
        using var upstream = setup.Listen(setup.Tcp[0]);
        using var open = await PageSetup.FillAsync(setup, upstream);
        await using var page = await browser.OpenAsync(setup.Hub, scheme, width);
        await page.Page.EvaluateAsync(await File.ReadAllTextAsync(await FetchAxeAsync(setup.Directory)));
        foreach (var view in (string[])[
            "#/", $"#/edges/{TunnelSetup.EdgeId}", $"#/edges/{TunnelSetup.EdgeId}/edit", "#/add", "#/connections", "#/log", "#/events",
            "#/blocks", "#/apply"])
        {
            await page.ShowWholeAsync(view);
            Assert.Empty(await page.Page.EvaluateAsync<string[]>(Check));
            Assert.True(
                await page.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), $"{view} is wider than {width}");
        }
    }

    // The script comes from the registry and is not kept here: it is a tool of the tests alone.
    private static async Task<string> FetchAxeAsync(string directory)
    {
        (await ManagedProcess.RunAsync(
            DebianProgram.Npm, ["install", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts", "--prefix", directory, Axe]))
            .Succeeded();
        return Path.Combine(directory, "node_modules/axe-core/axe.min.js");
    }
}
