using System.Net;
using Tunnel.Hub.UnitTests.Edges;

namespace Tunnel.Hub.UnitTests.Admin;

public sealed class PortsEndpointsTests
{
    private const string Port = "api/v1/edges/a/ports/tcp%2F8443";

    [Fact]
    public async Task A_port_is_created_read_replaced_and_removed_under_conditions()
    {
        await using var admin = await StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await admin.SendAsync(HttpMethod.Get, Port)).Status);
        Assert.Equal(HttpStatusCode.OK, await SendAsync(admin, HttpMethod.Put, """{"targetHost":"10.0.0.5"}""", ("If-None-Match", "*")));
        Assert.Equal(HttpStatusCode.PreconditionFailed, await SendAsync(admin, HttpMethod.Put, "{}", ("If-None-Match", "*")));

        using var read = await admin.RequestAsync(HttpMethod.Get, Port, null);
        var tag = read.Headers.ETag!.Tag;
        Assert.Equal(admin.Edges.Find("a")!.Tag, tag);
        Assert.Equal("""{"targetHost":"10.0.0.5"}""", await read.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.NotModified, await SendAsync(admin, HttpMethod.Get, null, ("If-None-Match", tag)));

        Assert.Equal(HttpStatusCode.OK, await SendAsync(admin, HttpMethod.Put, """{"targetHost":"10.0.0.6"}""", ("If-Match", tag)));
        Assert.Equal(HttpStatusCode.PreconditionFailed, await SendAsync(admin, HttpMethod.Put, "{}", ("If-Match", tag)));
        Assert.Equal(HttpStatusCode.PreconditionFailed, await SendAsync(admin, HttpMethod.Delete, null, ("If-Match", tag)));
        Assert.Equal("10.0.0.6", admin.Edges.Find("a")!.PolicyFor(false, 8443).TargetHost);
        Assert.Equal(HttpStatusCode.OK, await SendAsync(admin, HttpMethod.Delete, null));
        Assert.Equal(HttpStatusCode.NotFound, await SendAsync(admin, HttpMethod.Delete, null));
    }

    [Fact]
    public async Task What_is_no_port_and_what_is_no_setting_are_named()
    {
        await using var admin = await StartAsync();
        var (status, problem) = await admin.SendAsync(HttpMethod.Put, "api/v1/edges/a/ports/443", "{}");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("tcp/8000-8010", problem.GetRawText(), StringComparison.Ordinal);
        (status, problem) = await admin.SendAsync(HttpMethod.Put, Port, """{"maxConnection":5}""");
        Assert.Equal(
            (HttpStatusCode.BadRequest, "$.maxConnection"), (status, problem.GetProperty("errors")[0].GetProperty("path").GetString()));
        Assert.Equal([443], admin.Edges.Find("a")!.TcpPorts);

        // Members that can't be read and members that are wrong are in one list.
        (status, problem) = await admin.SendAsync(
            HttpMethod.Put, Port, """{"balance":"fast","targets":[{"host":"10.0.0.5","weight":0}]}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(
            ["$.balance", "$.ports['tcp/8443'].targets"],
            problem.GetProperty("errors").EnumerateArray().Select(fault => fault.GetProperty("path").GetString()));
    }

    [Fact]
    public async Task A_patch_merges_into_the_edge_and_keeps_what_it_does_not_name()
    {
        await using var admin = await StartAsync();
        var (status, answer) = await admin.SendAsync(
            HttpMethod.Patch,
            "api/v1/edges/a",
            """{"listenPorts":[443,80],"ports":{"tcp/443":{"targetHost":null,"maxConnections":5}},"stunIntervalSecs":60}""",
            "application/merge-patch+json");
        Assert.Equal((HttpStatusCode.OK, "tcp/80"), (status, answer.GetProperty("changes")[0].GetProperty("portsAdded")[0].GetString()));
        var policy = admin.Edges.Find("a")!.Definition.Ports["tcp/443"];
        Assert.Equal((null, 99, 5), (policy.TargetHost, policy.TargetPort, policy.MaxConnections));
        Assert.True(await admin.Edges.HasSecretAsync("a", TestEdges.Secret, default));

        (status, _) = await admin.SendAsync(HttpMethod.Patch, "api/v1/edges/a", """{"stunIntervalSecs":null,"ports":null}""");
        Assert.Equal(
            (HttpStatusCode.OK, null, 0), (status, admin.Edges.Find("a")!.StunIntervalSecs, admin.Edges.Find("a")!.Definition.Ports.Count));
    }

    [Theory]
    [InlineData("[]", HttpStatusCode.BadRequest)]
    [InlineData("""{"listenPort":[1]}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"id":"x y"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"id":"other"}""", HttpStatusCode.Conflict)]
    public async Task A_patch_that_is_not_valid_changes_nothing(string patch, HttpStatusCode expected)
    {
        await using var admin = await StartAsync();
        await admin.Edges.AddAsync(TestEdges.WithSecret("other"), default);
        var tag = admin.Edges.State.Tag;
        Assert.Equal(expected, (await admin.SendAsync(HttpMethod.Patch, "api/v1/edges/a", patch)).Status);
        Assert.Equal(tag, admin.Edges.State.Tag);
    }

    [Fact]
    public async Task A_patch_is_conditional_too()
    {
        await using var admin = await StartAsync();
        using var answer = await admin.RequestAsync(HttpMethod.Patch, "api/v1/edges/a", """{"enabled":false}""", ("If-Match", "\"stale\""));
        Assert.Equal(HttpStatusCode.PreconditionFailed, answer.StatusCode);
        Assert.True(admin.Edges.Find("a")!.Enabled);
    }

    private static async Task<AdminFixture> StartAsync()
    {
        var admin = await AdminFixture.StartAsync(publicHost: "hub");
        var ports = Tunnel.Hub.Edges.Definitions.EdgeDefinition.NoPorts.Add("tcp/443", new() { TargetHost = "h", TargetPort = 99 });
        await admin.Edges.AddAsync(TestEdges.WithSecret("a") with { Ports = ports }, default);
        return admin;
    }

    private static async Task<HttpStatusCode> SendAsync(
        AdminFixture admin, HttpMethod method, string? body, params (string Name, string Value)[] headers)
    {
        using var answer = await admin.RequestAsync(method, Port, body, headers);
        return answer.StatusCode;
    }
}
