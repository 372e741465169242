using System.Net;
using System.Text.Json.Nodes;
using Tunnel.Hub.Cli;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.State;
using Tunnel.Hub.UnitTests.Edges;

namespace Tunnel.Hub.UnitTests.Admin;

/// <summary>Of two writers at once, none undoes what it has not seen.</summary>
public sealed class ConditionTests
{
    [Fact]
    public async Task What_was_read_can_be_changed_once()
    {
        await using var admin = await StartAsync();
        var tag = await TagAsync(admin, "api/v1/edges/a");
        Assert.Equal(
            HttpStatusCode.OK, (await PutAsync(admin, "api/v1/edges/a", """{"listenPorts":[81]}""", ("If-Match", tag))).StatusCode);
        using var late = await PutAsync(admin, "api/v1/edges/a", """{"listenPorts":[82]}""", ("If-Match", tag));
        Assert.Equal(HttpStatusCode.PreconditionFailed, late.StatusCode);
        Assert.Equal("application/problem+json", late.Content.Headers.ContentType?.MediaType);
        Assert.Equal(await TagAsync(admin, "api/v1/edges/a"), late.Headers.ETag?.Tag);
        Assert.Equal([81], admin.Edges.Find("a")!.TcpPorts);
    }

    [Fact]
    public async Task The_answer_to_a_change_has_the_tag_for_the_next_one()
    {
        await using var admin = await StartAsync();
        var tag = await TagAsync(admin, "api/v1/edges/a");
        for (var port = 81; port < 84; port++)
        {
            using var answer = await PutAsync(admin, "api/v1/edges/a", $$"""{"listenPorts":[{{port}}]}""", ("If-Match", tag));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.NotEqual(tag, answer.Headers.ETag!.Tag);
            tag = answer.Headers.ETag.Tag;
        }
    }

    [Fact]
    public async Task The_set_has_a_tag_of_its_own_that_every_edge_changes()
    {
        await using var admin = await StartAsync();
        var tag = await TagAsync(admin, "api/v1/edges");
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(admin, "api/v1/edges/a", """{"enabled":false}""")).StatusCode);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await PutAsync(admin, "api/v1/edges", "[]", ("If-Match", tag))).StatusCode);
        Assert.Equal(
            HttpStatusCode.PreconditionFailed, (await PutAsync(admin, "api/v1/edges?dryRun=true", "[]", ("If-Match", tag))).StatusCode);
        Assert.Equal(["a"], admin.Edges.Current.Keys);
        Assert.Equal(
            HttpStatusCode.OK,
            (await PutAsync(admin, "api/v1/edges", "[]", ("If-Match", await TagAsync(admin, "api/v1/edges")))).StatusCode);
    }

    [Fact]
    public async Task Removing_asks_for_the_tag_too()
    {
        await using var admin = await StartAsync();
        Assert.Equal(
            HttpStatusCode.PreconditionFailed,
            (await admin.RequestAsync(HttpMethod.Delete, "api/v1/edges/a", null, ("If-Match", "\"old\""))).StatusCode);
        Assert.Equal(
            HttpStatusCode.OK,
            (await admin.RequestAsync(
                HttpMethod.Delete, "api/v1/edges/a", null, ("If-Match", await TagAsync(admin, "api/v1/edges/a")))).StatusCode);
    }

    [Fact]
    public async Task An_edge_is_created_only_if_it_is_not_there()
    {
        await using var admin = await StartAsync();
        const string edge = """{"secret":"0123456789abcdef"}""";
        Assert.Equal(HttpStatusCode.NotFound, (await PutAsync(admin, "api/v1/edges/b", edge)).StatusCode);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await PutAsync(admin, "api/v1/edges/b", edge, ("If-Match", "*"))).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await PutAsync(admin, "api/v1/edges/b", edge, ("If-None-Match", "*"))).StatusCode);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await PutAsync(admin, "api/v1/edges/b", edge, ("If-None-Match", "*"))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(admin, "api/v1/edges/b", edge, ("If-Match", "*"))).StatusCode);
    }

    [Theory]
    [InlineData("unquoted")]
    [InlineData("")]
    [InlineData("\"a\", b")]
    public async Task A_condition_that_is_not_understood_is_no_licence(string value)
    {
        await using var admin = await StartAsync();
        using var answer = await PutAsync(admin, "api/v1/edges/a", """{"listenPorts":[81]}""", ("If-Match", value));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal([80], admin.Edges.Find("a")!.TcpPorts);
    }

    [Fact]
    public async Task A_weak_tag_matches_no_writer()
    {
        await using var admin = await StartAsync();
        var tag = await TagAsync(admin, "api/v1/edges/a");
        Assert.Equal(
            HttpStatusCode.PreconditionFailed, (await PutAsync(admin, "api/v1/edges/a", "{}", ("If-Match", "W/" + tag))).StatusCode);
    }

    [Fact]
    public async Task A_reader_that_has_it_already_is_told_so()
    {
        await using var admin = await StartAsync();
        foreach (var path in new[] { "api/v1/edges", "api/v1/edges/a" })
        {
            using var answer = await admin.RequestAsync(HttpMethod.Get, path, null, ("If-None-Match", await TagAsync(admin, path)));
            Assert.Equal(HttpStatusCode.NotModified, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Two_writers_at_once_lose_nothing()
    {
        await using var admin = await StartAsync();
        await Task.WhenAll(WriteAsync(1000), WriteAsync(2000));
        Assert.Equal(41, admin.Edges.Find("a")!.TcpPorts.Length);

        async Task WriteAsync(int first)
        {
            for (var port = first; port < first + 20;)
            {
                using var read = await admin.RequestAsync(HttpMethod.Get, "api/v1/edges/a", null);
                var edge = JsonNode.Parse(await read.Content.ReadAsStringAsync())!;
                edge["listenPorts"]!.AsArray().Add(port);
                using var written = await PutAsync(admin, "api/v1/edges/a", edge.ToJsonString(), ("If-Match", read.Headers.ETag!.Tag));
                if (written.IsSuccessStatusCode)
                    port++;
                else
                    Assert.Equal(HttpStatusCode.PreconditionFailed, written.StatusCode);
            }
        }
    }

    [Fact]
    public async Task A_command_that_reads_and_writes_loses_nothing_either()
    {
        await using var admin = await StartAsync();
        var writing = Task.Run(async () =>
        {
            for (var port = 1000; port < 1040; port++)
            {
                EdgeUpdateResult result;
                do
                {
                    var read = admin.Edges.Find("a")!;
                    var next = read.Definition with { ListenPorts = [.. read.Definition.ListenPorts, port] };
                    result = await admin.Edges.UpdateAsync(next, default, read.Tag.Equals);
                }
                while (!result.Succeeded);
            }
        });
        for (var enabled = true; !writing.IsCompleted; enabled = !enabled)
        {
            Assert.Equal(
                0,
                await HubCommandLine.InvokeAsync(
                    ["edge", enabled ? "disable" : "enable", "a", "--admin-socket", admin.SocketPath], TextWriter.Null));
        }

        await writing;
        Assert.Equal(41, admin.Edges.Find("a")!.TcpPorts.Length);
    }

    [Fact]
    public void Tags_are_of_the_content_alone()
    {
        var one = TestEdges.WithSecret("a") with { Ports = Policies(["tcp/1", "tcp/2", "default"]) };
        var same = TestEdges.WithSecret("a") with { Ports = Policies(["default", "tcp/2", "tcp/1"]), Secret = TestEdges.OtherSecret };
        Assert.Equal(AllowedEdge.From(one).Tag, AllowedEdge.From(same).Tag);
        Assert.NotEqual(AllowedEdge.From(one).Tag, AllowedEdge.From(one with { Ports = Policies(["tcp/1"]) }).Tag);
        Assert.NotEqual(AllowedEdge.From(one).Tag, AllowedEdge.From(one with { Enabled = false }).Tag);

        static System.Collections.Immutable.ImmutableSortedDictionary<string, PortPolicyDefinition> Policies(string[] keys) =>
            EdgeDefinition.NoPorts.AddRange(keys.Select(key => KeyValuePair.Create(key, new PortPolicyDefinition { Name = key })));
    }

    private static async Task<AdminFixture> StartAsync()
    {
        var admin = await AdminFixture.StartAsync(publicHost: "hub.example.com");
        await admin.Edges.AddAsync(TestEdges.WithSecret("a") with { ListenPorts = [80] }, default);
        return admin;
    }

    private static async Task<string> TagAsync(AdminFixture admin, string path)
    {
        using var answer = await admin.RequestAsync(HttpMethod.Get, path, null);
        return answer.Headers.ETag!.Tag;
    }

    private static Task<HttpResponseMessage> PutAsync(
        AdminFixture admin, string path, string body, params (string Name, string Value)[] headers) =>
        admin.RequestAsync(HttpMethod.Put, path, body, headers);
}
