using Microsoft.Playwright;
using Tunnel.FunctionalTests.Harness;

namespace Tunnel.FunctionalTests.Page;

/// <summary>Debian's Chromium, without a window and without any traffic of its own; one for all tests of a class.</summary>
public sealed class PageBrowser : IAsyncLifetime
{
    // A page that waits for a hub under load may take its time.
    private const float Limit = 30_000;

    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ];

    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;

    public async ValueTask InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        _browser = await LaunchAsync(_playwright);
    }

    /// <summary>Starts a browser, with further arguments.</summary>
    public static Task<IBrowser> LaunchAsync(IPlaywright playwright, params string[] arguments) => playwright.Chromium.LaunchAsync(
        new() { ExecutablePath = DebianProgram.Chromium, Args = [.. Arguments, .. arguments], Headless = true });

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    /// <summary>Draws the first element of some HTML of the test's own.</summary>
    public async Task DrawAsync(string html, string path)
    {
        var page = await _browser.NewPageAsync();
        await page.SetContentAsync(html);
        await page.Locator("body > *").First.ScreenshotAsync(new() { Path = path });
        await page.CloseAsync();
    }

    /// <summary>Opens the page of a hub, by a link that logs in.</summary>
    public async Task<OpenPage> OpenAsync(
        HubProcess hub, ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 900, bool readOnly = false)
    {
        var page = await OpenAsync(await LinkAsync(hub, readOnly), scheme, width, height);
        await page.WaitUntilInAsync();
        return page;
    }

    /// <summary>Opens the page of a hub, and logs in with a key as people do.</summary>
    public async Task<OpenPage> OpenWithKeyAsync(HubProcess hub, string key)
    {
        var address = (await LinkAsync(hub, readOnly: true)).Split('#')[0];
        var page = await OpenAsync(address, ColorScheme.Light, 1280, 900);
        await page.Page.GetByLabel("Key of the hub").FillAsync(key);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
        await page.WaitUntilInAsync();
        return page;
    }

    private static async Task<string> LinkAsync(HubProcess hub, bool readOnly)
    {
        var said = (await hub.RunAsync(readOnly ? ["page", "--read-only"] : ["page"])).Succeeded().StandardOutput;
        var link = said.Split('\n').Single(line => line.Contains("#login=", StringComparison.Ordinal)).Trim();
        KnownSecrets.Add(link.Split("#login=")[1]);
        return link;
    }

    private async Task<OpenPage> OpenAsync(string address, ColorScheme scheme, int width, int height)
    {
        var context = await _browser.NewContextAsync(new()
        {
            ColorScheme = scheme,
            ViewportSize = new() { Width = width, Height = height },
            TimezoneId = "UTC",
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(Limit);
        var page = new OpenPage(context, await context.NewPageAsync(), new Uri(address));
        await page.Page.GotoAsync(address);
        return page;
    }
}

/// <summary>A page in the browser, with a record of errors and requests that it must not make.</summary>
public sealed class OpenPage : IAsyncDisposable
{
    // The page's own listener came first, so that it has drawn when this one is called.
    private const string Show = """
        view => new Promise(resolve => {
            if (location.hash === view) return resolve();
            addEventListener('hashchange', () => resolve(), { once: true });
            location.hash = view;
        })
        """;

    private readonly IBrowserContext _context;
    private readonly List<string> _errors = [];
    private readonly List<string> _elsewhere = [];

    public OpenPage(IBrowserContext context, IPage page, Uri address)
    {
        _context = context;
        Page = page;
        Address = address;
        page.Console += (_, message) =>
        {
            // The browser's own messages about answers that a test provokes are no fault of the page.
            if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
                _errors.Add(message.Text);
        };
        page.PageError += (_, error) => _errors.Add(error);
        page.Request += (_, request) =>
        {
            if (new Uri(request.Url).Authority != address.Authority)
                _elsewhere.Add(request.Url);
        };
    }

    public IPage Page { get; }

    public Uri Address { get; }

    /// <summary>
    /// Goes to a view of the page, and returns when the page has drawn it; what the view then fetches may be missing yet.
    /// </summary>
    public Task ShowAsync(string view) => Page.EvaluateAsync(Show, view);

    /// <summary>Goes to a view that has rows or a form, and returns when they are there.</summary>
    public async Task ShowWholeAsync(string view)
    {
        await ShowAsync(view);
        await Page.Locator("main .panel tbody tr, main form:not([role=search])").First.WaitForAsync();
    }

    /// <summary>Returns when the page is logged in.</summary>
    public Task WaitUntilInAsync() => Page.GetByRole(AriaRole.Link, new() { Name = "Overview" }).WaitForAsync();

    public Task WaitForTextAsync(string text) => Page.GetByText(text).First.WaitForAsync();

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        Assert.Empty(_errors);
        Assert.Empty(_elsewhere);
    }
}
