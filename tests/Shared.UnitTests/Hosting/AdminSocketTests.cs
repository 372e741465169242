using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Files;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Sockets;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Shared.UnitTests.Hosting;

public sealed class AdminSocketTests : IDisposable
{
    private const UnixFileMode OwnerAndGroup =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tunnel-admin-");

    private string SocketPath => Path.Combine(_directory.FullName, "made", "admin.sock");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Serves_a_client_over_a_socket_of_mode_0660()
    {
        await using var host = await StartAsync(SocketPath);
        using var client = new AdminClient("tunnel-hub", SocketPath);

        var answer = await client.GetAsync("healthz", CancellationToken.None);

        Assert.Equal((200, "fine"), (answer.StatusCode, answer.Body));
        Assert.Equal(OwnerAndGroup, File.GetUnixFileMode(SocketPath));
    }

    [Theory]
    [InlineData("0", 200)]
    [InlineData(null, 503)]
    public async Task A_client_asks_again_only_where_it_is_told_to_come_back(string? retryAfter, int expected)
    {
        var asked = 0;
        await using var host = await AdminSocketHost.StartAsync(
            SocketPath,
            _ => { },
            api => api.MapPost("/change", (HttpContext context) =>
            {
                if (++asked == 3)
                    return Results.Text("changed");
                if (retryAfter is not null)
                    context.Response.Headers.RetryAfter = retryAfter;
                return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
            }),
            PlentyOfDescriptors.Guard,
            NullLoggerFactory.Instance,
            CancellationToken.None);
        using var client = new AdminClient("tunnel-hub", SocketPath);

        Assert.Equal(expected, (await client.SendAsync(HttpMethod.Post, "change", "{}", CancellationToken.None)).StatusCode);
        Assert.Equal(expected == 200 ? 3 : 1, asked);
    }

    [Fact]
    public async Task The_mask_is_as_before_afterwards()
    {
        await using var host = await StartAsync(SocketPath);
        var file = Path.Combine(_directory.FullName, "later");
        await File.WriteAllTextAsync(file, "");

        Assert.True(File.GetUnixFileMode(file).HasFlag(UnixFileMode.OtherRead));
    }

    [Fact]
    public async Task Replaces_the_socket_of_a_process_that_was_killed()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(SocketPath)!);
        LeaveStaleSocket(SocketPath);

        await using var host = await StartAsync(SocketPath);
        using var client = new AdminClient("tunnel-hub", SocketPath);

        Assert.True((await client.GetAsync("healthz", CancellationToken.None)).IsSuccess);
    }

    [Fact]
    public async Task A_process_that_replaces_another_one_has_its_places_and_serves_there_once_it_is_published()
    {
        var place = new IPEndPoint(IPAddress.Loopback, FreePorts.Next());
        using var ours = new SocketStore([], null);
        await using var before = await StartAsync(SocketPath, "before", place, ours);
        using var theirs = new SocketStore([.. ours.Kept.Select(SocketCopy.Of)], null);
        await using var after = await StartAsync(SocketPath, "after", place, theirs, replaces: true);

        Assert.Equal(("before", "before"), await AskAsync(place));
        after.Publish();
        before.Leave();
        Assert.Equal(("after", "after"), await AskAsync(place));

        // The next process would inherit this option, and its clients be reset where they are to be closed.
        await before.StopAsync(TimeSpan.FromSeconds(30));
        Assert.False(theirs.Kept[0].LingerState!.Enabled);
        Assert.Equal(("after", "after"), await AskAsync(place));
    }

    [Fact]
    public async Task A_client_of_the_socket_that_comes_just_before_the_next_process_serves_there_is_served_too()
    {
        await using var before = await StartAsync(SocketPath);
        before.Leave();

        using var client = new AdminClient("tunnel-hub", SocketPath);
        Assert.True((await client.GetAsync("healthz", CancellationToken.None)).IsSuccess);
    }

    [Fact]
    public async Task Refuses_the_socket_of_a_live_process()
    {
        await using var first = await StartAsync(SocketPath);

        var error = await Assert.ThrowsAsync<OperatorException>(() => StartAsync(SocketPath));

        Assert.Contains("Another process", error.Message);
        using var client = new AdminClient("tunnel-hub", SocketPath);
        Assert.True((await client.GetAsync("healthz", CancellationToken.None)).IsSuccess);
    }

    [Theory]
    [InlineData("")]
    [InlineData("somebody's notes")]
    public async Task Never_removes_a_file_that_is_no_socket(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(SocketPath)!);
        await File.WriteAllTextAsync(SocketPath, content);

        var error = await Assert.ThrowsAsync<OperatorException>(() => StartAsync(SocketPath));

        Assert.Contains("not a socket", error.Message);
        Assert.Equal(content, await File.ReadAllTextAsync(SocketPath));
    }

    [Theory]
    [InlineData("directory", "is a directory and not a socket")]
    [InlineData("fifo", "is a FIFO and not a socket")]
    [InlineData("link to nowhere", "is a link to nowhere, which does not exist")]
    [InlineData("link to a file", "is a link to a file and not to a socket")]
    [InlineData("loop", "can't be made: Too many levels of symbolic links")]
    public async Task Refuses_what_is_no_socket_at_once_and_leaves_it(string what, string expected)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(SocketPath)!);
        PutThere(what, SocketPath);

        var error = await Assert.ThrowsAsync<OperatorException>(() => StartAsync(SocketPath));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.NotNull(UnixFile.At(SocketPath, followLinks: false));

        using var client = new AdminClient("tunnel-hub", SocketPath);
        await Assert.ThrowsAsync<OperatorException>(() => client.GetAsync("healthz", CancellationToken.None));
    }

    [Fact]
    public async Task Refuses_a_path_that_is_too_long_for_a_socket()
    {
        var error = await Assert.ThrowsAsync<OperatorException>(() => StartAsync("/tmp/" + new string('x', 120)));

        Assert.Contains("too long", error.Message);
    }

    [Fact]
    public async Task The_socket_is_gone_after_the_stop()
    {
        await using (var host = await StartAsync(SocketPath))
        {
            await host.StopAsync(TimeSpan.FromSeconds(5));
        }

        Assert.False(File.Exists(SocketPath));
    }

    [Fact]
    public async Task A_client_says_that_the_service_does_not_run()
    {
        using var client = new AdminClient("tunnel-hub", SocketPath);

        var error = await Assert.ThrowsAsync<OperatorException>(() => client.GetAsync("healthz", CancellationToken.None));

        Assert.Contains("tunnel-hub is not running", error.Message);
        Assert.Contains("--admin-socket", error.Message);
    }

    [Fact]
    public async Task A_client_says_that_nobody_listens()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(SocketPath)!);
        LeaveStaleSocket(SocketPath);
        using var client = new AdminClient("tunnel-edge", SocketPath);

        var error = await Assert.ThrowsAsync<OperatorException>(() => client.GetAsync("healthz", CancellationToken.None));

        Assert.Contains("tunnel-edge is not running: nobody listens", error.Message);
    }

    [Theory]
    [InlineData("""{"title":"t","errors":{"$[0].id":["must be set","or else"]}}""", new[] { "$[0].id: must be set", "$[0].id: or else" })]
    [InlineData("""{"title":"t","errors":[{"path":"$[1]","message":"bad"},{"detail":"worse"}]}""", new[] { "$[1]: bad", "worse" })]
    [InlineData("""{"title":"t","detail":"the detail"}""", new[] { "the detail" })]
    [InlineData("""{"title":"the title"}""", new[] { "the title" })]
    [InlineData("<html>", new[] { "the service answered with HTTP status 400" })]
    [InlineData("[]", new[] { "the service answered with HTTP status 400" })]
    public void Reads_problem_details(string body, string[] lines) =>
        Assert.Equal(lines, new AdminResponse(400, body).Errors());

    private static Task<AdminSocketHost> StartAsync(
        string path, string says = "fine", IPEndPoint? place = null, SocketStore? sockets = null, bool replaces = false) =>
        AdminSocketHost.StartAsync(
            path,
            _ => { },
            api => api.MapGet("/healthz", () => Results.Text(says)),
            PlentyOfDescriptors.Guard,
            NullLoggerFactory.Instance,
            CancellationToken.None,
            kestrel =>
            {
                if (place is not null)
                    kestrel.Listen(place);
            },
            sockets,
            replaces);

    private async Task<(string Local, string Remote)> AskAsync(IPEndPoint place)
    {
        using var local = new AdminClient("tunnel-hub", SocketPath);
        using var remote = new HttpClient();
        return (
            (await local.GetAsync("healthz", CancellationToken.None)).Body,
            await remote.GetStringAsync(new Uri($"http://{place}/healthz")));
    }

    private static void PutThere(string what, string path)
    {
        switch (what)
        {
            case "directory":
                Directory.CreateDirectory(path);
                break;
            case "fifo":
                UnixCommands.MakeFifo(path);
                break;
            case "link to nowhere":
                File.CreateSymbolicLink(path, "nowhere");
                break;
            case "link to a file":
                File.WriteAllText(path + ".file", "");
                File.CreateSymbolicLink(path, path + ".file");
                break;
            default:
                File.CreateSymbolicLink(path, Path.GetFileName(path));
                break;
        }
    }

    // The socket is moved away before the listener is closed, which removes the name that it was bound to.
    private static void LeaveStaleSocket(string path)
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path + ".bound"));
        File.Move(path + ".bound", path);
    }
}
