using System.Net;
using System.Text.Json;
using Tunnel.Hub.Admin.Access;
using Tunnel.Hub.Cli;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Admin;

/// <summary>Links log a browser in once.</summary>
public sealed class LoginTests : IAsyncLifetime
{
    private AdminFixture _admin = null!;

    public async ValueTask InitializeAsync() => _admin = await AdminFixture.StartAsync();

    public ValueTask DisposeAsync() => _admin.DisposeAsync();

    [Fact]
    public async Task A_code_brings_the_key_once()
    {
        var (_, key) = await _admin.SendAsync(HttpMethod.Get, "/api/v1/admin-key");
        var code = await CodeAsync("");

        var (status, answer) = await LoginAsync(code);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(key.GetProperty("key").GetString(), answer.GetProperty("key").GetString());

        (status, answer) = await LoginAsync(code);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("was used already", answer.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_code_to_look_brings_the_key_that_may_look()
    {
        var (_, key) = await _admin.SendAsync(HttpMethod.Get, "/api/v1/admin-key?readOnly=true");
        var (_, answer) = await LoginAsync(await CodeAsync("?readOnly=true"));
        Assert.Equal(key.GetProperty("key").GetString(), answer.GetProperty("key").GetString());
    }

    [Fact]
    public async Task A_code_ends_after_a_minute()
    {
        var (early, late) = (await CodeAsync(""), await CodeAsync(""));
        _admin.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(HttpStatusCode.OK, (await LoginAsync(early)).Status);
        _admin.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Unauthorized, (await LoginAsync(late)).Status);
    }

    [Fact]
    public async Task Who_guesses_codes_has_to_wait()
    {
        for (var tries = 0; tries < 10; tries++)
            Assert.Equal(HttpStatusCode.Unauthorized, (await LoginAsync("guessed")).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await LoginAsync("guessed")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await _admin.SendAsync(HttpMethod.Post, "/api/v1/login", "{}")).Status);
    }

    [Fact]
    public void Of_too_many_codes_the_oldest_ends()
    {
        using var directory = new TemporaryDirectory();
        var keys = AdminKeys.Load(directory.File("state"), new StateFiles());
        var time = new ManualTimeProvider();
        var codes = new LoginCodes(time);
        var made = new List<string>();
        for (var i = 0; i < 17; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            made.Add(codes.Create(keys.Full));
        }

        Assert.Null(codes.Take(made[0]));
        Assert.All(made.Skip(1), code => Assert.Same(keys.Full, codes.Take(code)));
    }

    [Fact]
    public async Task Over_the_socket_no_key_is_needed()
    {
        var (_, need) = await _admin.SendAsync(HttpMethod.Get, "/api/v1/login");
        Assert.False(need.GetProperty("keyNeeded").GetBoolean());
        var (_, access) = await _admin.SendAsync(HttpMethod.Get, "/api/v1/access");
        Assert.True(access.GetProperty("mayChange").GetBoolean());
    }

    [Fact]
    public async Task The_command_prints_the_link_and_the_way_by_ssh()
    {
        _admin.PageAddresses = ["https://hub.example.com:9443/"];
        using StringWriter output = new(), error = new();
        Assert.Equal(ExitCodes.Fine, await HubCommandLine.InvokeAsync(["page", "--admin-socket", _admin.SocketPath], output, error));
        var link = output.ToString().Split('\n').Single(line => line.Contains("#login=", StringComparison.Ordinal)).Trim();
        Assert.StartsWith("https://hub.example.com:9443/#login=", link, StringComparison.Ordinal);
        Assert.Contains($"ssh -L 8080:{_admin.SocketPath} ", output.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await LoginAsync(link.Split("#login=")[1])).Status);

        _admin.PageAddresses = [];
        using var local = new StringWriter();
        await HubCommandLine.InvokeAsync(["page", "--admin-socket", _admin.SocketPath], local, error);
        Assert.DoesNotContain("#login", local.ToString(), StringComparison.Ordinal);
        Assert.Contains("adminListen", local.ToString(), StringComparison.Ordinal);
    }

    private async Task<string> CodeAsync(string query) =>
        (await _admin.SendAsync(HttpMethod.Post, $"/api/v1/login-link{query}")).Json.GetProperty("code").GetString()!;

    private Task<(HttpStatusCode Status, JsonElement Json)> LoginAsync(string code) =>
        _admin.SendAsync(HttpMethod.Post, "/api/v1/login", JsonSerializer.Serialize(new { code }));
}
