using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Tunnel.Hub.Admin.Access;
using Tunnel.Hub.Web;

namespace Tunnel.Hub.UnitTests.Admin;

/// <summary>The page's files are served to those who may have them.</summary>
public sealed partial class PageTests : IAsyncLifetime
{
    private AdminFixture _admin = null!;

    public async ValueTask InitializeAsync() => _admin = await AdminFixture.StartAsync();

    public ValueTask DisposeAsync() => _admin.DisposeAsync();

    [Fact]
    public async Task Every_file_is_served_with_its_type_and_only_again_when_it_has_changed()
    {
        Assert.True(PageFiles.All.Count > 20);
        foreach (var file in PageFiles.All.Values)
        {
            var path = file.Name == "page.html" ? "/" : $"/page/{file.Name}";
            using var answer = await _admin.RequestAsync(HttpMethod.Get, path, null);
            Assert.Equal((HttpStatusCode.OK, file.ContentType), (answer.StatusCode, answer.Content.Headers.ContentType?.ToString()));
            Assert.Equal(file.Content, await answer.Content.ReadAsByteArrayAsync());
            using var again = await _admin.RequestAsync(HttpMethod.Get, path, null, ("If-None-Match", file.Tag));
            Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        }

        using var missing = await _admin.RequestAsync(HttpMethod.Get, "/page/..%2fpage.html", null);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public void Every_file_that_another_names_is_there_and_none_comes_from_elsewhere()
    {
        foreach (var file in PageFiles.All.Values)
        {
            var text = Encoding.UTF8.GetString(file.Content);
            Assert.All(Named().Matches(text), match => Assert.Contains(match.Groups["name"].Value, PageFiles.All.Keys));
            Assert.DoesNotMatch(FromElsewhere(), text);
        }
    }

    [Fact]
    public void Nothing_is_made_into_HTML_or_kept_in_the_browser()
    {
        Assert.All(PageFiles.All.Values.Where(file => file.Name.EndsWith(".js", StringComparison.Ordinal)), file =>
        {
            var text = Encoding.UTF8.GetString(file.Content);
            Assert.DoesNotMatch(MakesHtml(), text);
            Assert.DoesNotMatch(Keeps(), text);
        });
    }

    [Fact]
    public async Task Every_answer_says_that_it_is_for_this_page_alone()
    {
        foreach (var path in (string[])["/", "/page/page.js", "/api/v1/status", "/nowhere"])
        {
            using var answer = await _admin.RequestAsync(HttpMethod.Get, path, null);
            Assert.Equal(BrowserGuard.Policy, Assert.Single(answer.Headers.GetValues("Content-Security-Policy")));
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.Equal("same-origin", Assert.Single(answer.Headers.GetValues("Cross-Origin-Resource-Policy")));
        }

        Assert.StartsWith("default-src 'none'; script-src 'self'; ", BrowserGuard.Policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", BrowserGuard.Policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", BrowserGuard.Policy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("127.0.0.1:8080", 200)]
    [InlineData("127.8.8.8", 200)]
    [InlineData("[::1]:8080", 200)]
    [InlineData("hub", 200)]
    [InlineData("rebound.example.com", 421)]
    [InlineData("127.0.0.1.example.com", 421)]
    [InlineData("192.0.2.7:8080", 421)]
    public async Task Over_the_socket_only_names_of_this_machine_are_answered(string host, int status)
    {
        foreach (var path in (string[])["/", "/api/v1/status"])
        {
            using var answer = await _admin.RequestAsync(HttpMethod.Get, path, null, ("Host", host));
            Assert.Equal(status, (int)answer.StatusCode);
        }
    }

    [Theory]
    [InlineData("http://localhost:8080", 200)]
    [InlineData(null, 200)]
    [InlineData("http://localhost:9090", 403)]
    [InlineData("https://evil.example.com", 403)]
    [InlineData("null", 403)]
    public async Task Over_the_socket_pages_of_other_sites_change_nothing(string? origin, int status)
    {
        (string, string)[] headers = origin is null ? [("Host", "localhost:8080")] : [("Host", "localhost:8080"), ("Origin", origin)];
        using var answer = await _admin.RequestAsync(HttpMethod.Post, "/api/v1/admin-key/rotate", null, headers);
        Assert.Equal(status, (int)answer.StatusCode);
    }

    [GeneratedRegex("""(?:from '\./|/page/)(?<name>[\w.-]+)""")]
    private static partial Regex Named();

    [GeneratedRegex("""(?:src|href|url|from|import|fetch)\W{1,4}(?:https?:)?//""")]
    private static partial Regex FromElsewhere();

    [GeneratedRegex(
        "innerHTML|outerHTML|insertAdjacentHTML|document\\.write|DOMParser|createContextualFragment|eval\\(|new Function|srcdoc")]
    private static partial Regex MakesHtml();

    [GeneratedRegex("localStorage|sessionStorage|indexedDB|document\\.cookie|caches\\.")]
    private static partial Regex Keeps();
}
