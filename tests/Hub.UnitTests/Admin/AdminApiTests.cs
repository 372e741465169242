using System.Net;
using System.Text;
using System.Text.Json;
using Tunnel.Hub.Admin;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.UnitTests.Edges;
using Tunnel.Shared.Operator;
using Tunnel.Shared.Protocol.Tokens;

namespace Tunnel.Hub.UnitTests.Admin;

public sealed class AdminApiTests
{
    [Fact]
    public async Task The_whole_set_is_replaced_and_what_is_listed_can_be_put_back()
    {
        await using var admin = await AdminFixture.StartAsync();
        const string set = """
            [{"id":"b","secret":"0123456789abcdef","listenPorts":[80,"8000-8010"],"listenPortsUdp":[53],"stunIntervalSecs":300,
              "firewallConfig":{"blockedIps":["192.0.2.1"]},"ports":{"tcp/80":{"targetHost":"10.0.0.1","proxyProtocol":"v2"},"default":{"udpProxyProtocol":"first"}}},
             {"id":"a","secret":"0123456789abcdef","enabled":false}]
            """;
        var (status, answer) = await admin.SendAsync(HttpMethod.Put, "api/v1/edges", set);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(
            ["a added", "b added"],
            answer.GetProperty("changes").EnumerateArray().Select(edge => $"{edge.GetProperty("id")} {edge.GetProperty("kind")}"));

        var (_, list) = await admin.SendAsync(HttpMethod.Get, "api/v1/edges");
        Assert.Equal(["a", "b"], list.EnumerateArray().Select(edge => edge.GetProperty("id").GetString()));
        Assert.DoesNotContain("secret", list.GetRawText(), StringComparison.OrdinalIgnoreCase);
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse("""[80,"8000-8010"]"""), list[1].GetProperty("listenPorts")));

        var (again, unchanged) = await admin.SendAsync(HttpMethod.Put, "api/v1/edges", list.GetRawText());
        Assert.Equal((HttpStatusCode.OK, 0), (again, unchanged.GetProperty("changes").GetArrayLength()));
    }

    [Fact]
    public async Task Answers_are_written_as_people_read_them()
    {
        await using var admin = await AdminFixture.StartAsync("hub.example.com");
        using var missing = await admin.RequestAsync(HttpMethod.Get, "api/v1/edges/nope", null);
        Assert.Contains("\"There is no edge \\\"nope\\\".\"", await missing.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var invalid = await admin.RequestAsync(HttpMethod.Post, "api/v1/edges", """{"id":"a","listenPorts":[70000]}""");
        Assert.Contains("ports are 1–65535", await invalid.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        const string notes = "Émile's <ports> \u202e";
        var added = await admin.Edges.AddAsync(
            TestEdges.WithSecret("a") with { Ports = EdgeDefinition.NoPorts.Add("default", new PortPolicyDefinition { Notes = notes }) },
            default);
        Assert.True(added.Succeeded);
        using var edge = await admin.RequestAsync(HttpMethod.Get, "api/v1/edges/a", null);
        Assert.Contains("\"notes\":\"Émile's <ports> \\u202E\"", await edge.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dry_run_tells_the_difference_and_changes_nothing()
    {
        await using var admin = await AdminFixture.StartAsync();
        var (_, answer) = await admin.SendAsync(
            HttpMethod.Put, "api/v1/edges?dryRun=true", """[{"id":"a","secret":"0123456789abcdef","listenPorts":[22]}]""");
        Assert.Equal("tcp/22", answer.GetProperty("changes")[0].GetProperty("portsAdded")[0].GetString());
        Assert.Equal("$[0].listenPorts[0]", answer.GetProperty("warnings")[0].GetProperty("path").GetString());
        Assert.Empty(admin.Edges.Current);
    }

    [Fact]
    public async Task Everything_that_is_wrong_is_in_one_problem_with_secrets_masked()
    {
        await using var admin = await AdminFixture.StartAsync();
        var (status, problem) = await admin.SendAsync(
            HttpMethod.Put, "api/v1/edges",
            """[{"id":"a","secret":"my weak secret","listenPort":[1],"listenPorts":[70000]},{"id":"a","listenPorts":[0]},7]""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(400, problem.GetProperty("status").GetInt32());
        var errors = problem.GetProperty("errors").EnumerateArray().ToList();
        Assert.Equal(
            ["$[0].listenPort", "$[0].listenPorts[0]", "$[0].secret", "$[1].id", "$[1].listenPorts[0]", "$[1].secret", "$[2]"],
            errors.Select(error => error.GetProperty("path").GetString()).Order(StringComparer.Ordinal));
        Assert.All(errors, error => Assert.NotEmpty(error.GetProperty("message").GetString()!));
        Assert.DoesNotContain("weak", problem.GetRawText(), StringComparison.Ordinal);
        Assert.Empty(admin.Edges.Current);
    }

    [Fact]
    public async Task An_edge_is_created_read_replaced_and_removed()
    {
        await using var admin = await AdminFixture.StartAsync(publicHost: "hub.example.com");
        var (created, edge) = await admin.SendAsync(HttpMethod.Post, "api/v1/edges", """{"id":"a","listenPorts":[80]}""");
        Assert.Equal(HttpStatusCode.Created, created);
        var token = Decode(edge.GetProperty("token"));
        Assert.Equal(("hub.example.com", 8443, "a"), (token.Host, token.Port, token.EdgeId));
        Assert.Equal([AdminFixture.Pin], token.Pins);
        Assert.Equal(
            AuthenticationStatus.Accepted,
            (await admin.Edges.AuthenticateAsync("a", token.Secret, IPAddress.Loopback, blocked: false, default)).Status);

        Assert.Equal(HttpStatusCode.Conflict, (await admin.SendAsync(HttpMethod.Post, "api/v1/edges", """{"id":"a"}""")).Status);
        var (replaced, after) = await admin.SendAsync(HttpMethod.Put, "api/v1/edges/a", """{"listenPorts":[81],"enabled":false}""");
        Assert.Equal(HttpStatusCode.OK, replaced);
        Assert.Equal(81, after.GetProperty("edge").GetProperty("listenPorts")[0].GetInt32());
        Assert.True(await admin.Edges.HasSecretAsync("a", token.Secret, default));
        Assert.False((await admin.SendAsync(HttpMethod.Get, "api/v1/edges/a")).Json.GetProperty("enabled").GetBoolean());
        Assert.Equal(HttpStatusCode.OK, (await admin.SendAsync(HttpMethod.Delete, "api/v1/edges/a")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await admin.SendAsync(HttpMethod.Get, "api/v1/edges/a")).Status);
    }

    [Theory]
    [InlineData("GET", "api/v1/edges/none", null, HttpStatusCode.NotFound)]
    [InlineData("PUT", "api/v1/edges/none", "{}", HttpStatusCode.NotFound)]
    [InlineData("DELETE", "api/v1/edges/none", null, HttpStatusCode.NotFound)]
    [InlineData("POST", "api/v1/edges/none/disconnect", null, HttpStatusCode.NotFound)]
    [InlineData("POST", "api/v1/edges/none/token", """{"host":"h"}""", HttpStatusCode.NotFound)]
    [InlineData("POST", "api/v1/edges/none/token", """{"host":"h","secret":"0123456789abcdef"}""", HttpStatusCode.NotFound)]
    [InlineData("POST", "api/v1/edges/none/rotate-secret", """{"host":"h"}""", HttpStatusCode.NotFound)]
    [InlineData("GET", "api/v2/edges", null, HttpStatusCode.NotFound)]
    [InlineData("PATCH", "api/v1/edges", "[]", HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "api/v1/edges/a", "{}", HttpStatusCode.MethodNotAllowed)]
    [InlineData("PUT", "api/v1/edges", "[", HttpStatusCode.BadRequest)]
    [InlineData("PUT", "api/v1/edges", "", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("PUT", "api/v1/edges", """[{"id":"x","id":"y"}]""", HttpStatusCode.BadRequest)]
    [InlineData("PUT", "api/v1/edges?dryRun=perhaps", "[]", HttpStatusCode.BadRequest)]
    [InlineData("PUT", "api/v1/edges/a", """{"id":"b"}""", HttpStatusCode.BadRequest)]
    [InlineData("POST", "api/v1/edges", "[]", HttpStatusCode.BadRequest)]
    [InlineData("POST", "api/v1/edges?host=a%20b", """{"id":"new"}""", HttpStatusCode.BadRequest)]
    [InlineData("POST", "api/v1/edges", """{"id":"new"}""", HttpStatusCode.BadRequest)]
    [InlineData("POST", "api/v1/edges/a/token", "{}", HttpStatusCode.BadRequest)]
    [InlineData("POST", "api/v1/edges/a/token", "[]", HttpStatusCode.BadRequest)]
    [InlineData("POST", "api/v1/edges/a/token", """{"hots":"h"}""", HttpStatusCode.BadRequest)]
    [InlineData("POST", "api/v1/edges/a/token", """{"host":"h","graceSeconds":-1}""", HttpStatusCode.BadRequest)]
    [InlineData("POST", "api/v1/edges/a/token", """{"host":"h","secret":"not the right one"}""", HttpStatusCode.BadRequest)]
    [InlineData("POST", "api/v1/edges/a/rotate-secret", """{"host":"h","secret":"short"}""", HttpStatusCode.BadRequest)]
    public async Task What_is_refused_is_a_problem_and_changes_nothing(string method, string path, string? body, HttpStatusCode expected)
    {
        await using var admin = await AdminFixture.StartAsync();
        await admin.Edges.AddAsync(TestEdges.WithSecret("a"), default);
        var contentType = body is "" ? "" : "application/json";
        var (status, problem) = await admin.SendAsync(new HttpMethod(method), path, body, contentType);
        Assert.Equal(expected, status);
        Assert.Equal((int)expected, problem.GetProperty("status").GetInt32());
        Assert.NotEmpty(problem.GetProperty("detail").GetString()!);
        Assert.Equal(["a"], admin.Edges.Current.Keys);
        Assert.True(await admin.Edges.HasSecretAsync("a", TestEdges.Secret, default));
    }

    [Theory]
    [InlineData("text/plain", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/json; charset=utf-8", HttpStatusCode.OK)]
    [InlineData("application/merge-patch+json", HttpStatusCode.OK)]
    public async Task The_body_must_say_that_it_is_JSON(string contentType, HttpStatusCode expected)
    {
        await using var admin = await AdminFixture.StartAsync();
        Assert.Equal(expected, (await admin.SendAsync(HttpMethod.Put, "api/v1/edges", "[]", contentType)).Status);
    }

    [Theory]
    [InlineData("PUT", "api/v1/edges", "[]", AdminRequest.MaxSetBody, HttpStatusCode.OK)]
    [InlineData("PUT", "api/v1/edges", "[]", AdminRequest.MaxSetBody + 1, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("POST", "api/v1/edges", "{}", AdminRequest.MaxBody, HttpStatusCode.BadRequest)]
    [InlineData("POST", "api/v1/edges", "{}", AdminRequest.MaxBody + 1, HttpStatusCode.RequestEntityTooLarge)]
    public async Task A_body_is_limited(string method, string path, string json, int length, HttpStatusCode expected)
    {
        await using var admin = await AdminFixture.StartAsync();
        Assert.Equal(expected, (await admin.SendAsync(new HttpMethod(method), path, json.PadRight(length))).Status);
    }

    [Theory]
    [InlineData("[{\"id\":\"a\",\n\"id\":\"b\"}]", "$[0].id", "line 2, byte 1")]
    [InlineData("[{\"id\":\"\\ud800\"}]", "$[0].id", "line 1, byte 8")]
    public async Task A_body_that_is_no_proper_text_is_told_where(string json, string path, string place)
    {
        await using var admin = await AdminFixture.StartAsync();
        var (status, problem) = await admin.SendAsync(HttpMethod.Put, "api/v1/edges", json);
        var error = Assert.Single(problem.GetProperty("errors").EnumerateArray());
        Assert.Equal(
            (HttpStatusCode.BadRequest, path, place),
            (status, error.GetProperty("path").GetString(), error.GetProperty("value").GetString()));
    }

    [Fact]
    public async Task What_is_read_can_be_put_back_and_a_set_that_could_not_is_refused()
    {
        await using var admin = await AdminFixture.StartAsync();
        var blocked = string.Join(',', Enumerable.Range(0, 29_000).Select(i => $"\"2001:db8:0:0:{i:x4}:ffff:ffff:ffff\""));
        var firewall = $$"""{"blockedIps":[{{blocked}}]}""";
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 10; i++)
        {
            statuses.Add((await admin.SendAsync(
                HttpMethod.Post, "api/v1/edges",
                $$"""{"id":"e{{i}}","secret":"{{TestEdges.Secret}}","firewallConfig":{{firewall}}}""")).Status);
        }

        Assert.Equal(Enumerable.Repeat(HttpStatusCode.Created, 8).Concat([HttpStatusCode.BadRequest, HttpStatusCode.BadRequest]), statuses);
        var (_, set) = await admin.SendAsync(HttpMethod.Get, "api/v1/edges");
        Assert.Equal(admin.Edges.State.JsonLength, Encoding.UTF8.GetByteCount(set.GetRawText()));
        Assert.Equal(HttpStatusCode.OK, (await admin.SendAsync(HttpMethod.Put, "api/v1/edges", set.GetRawText())).Status);
        Assert.Equal(HttpStatusCode.OK, (await admin.SendAsync(HttpMethod.Delete, "api/v1/edges/e0")).Status);
    }

    [Fact]
    public async Task A_token_has_a_fresh_secret_beside_the_old_one_or_the_given_one()
    {
        await using var admin = await AdminFixture.StartAsync();
        await admin.Edges.AddAsync(TestEdges.WithSecret("a"), default);

        var given = await TokenAsync(admin, "token", """{"host":"h:1","secret":"0123456789abcdef"}""");
        Assert.Equal((TestEdges.Secret, 1), (given.Secret, given.Port));

        var fresh = await TokenAsync(admin, "token", """{"host":"h"}""");
        Assert.True(await admin.Edges.HasSecretAsync("a", fresh.Secret, default));
        Assert.True(await admin.Edges.HasSecretAsync("a", TestEdges.Secret, default));
        admin.Time.Advance(TimeSpan.FromHours(24));
        Assert.False(await admin.Edges.HasSecretAsync("a", TestEdges.Secret, default));
    }

    [Fact]
    public async Task Rotation_without_grace_ends_the_old_secret_at_once()
    {
        await using var admin = await AdminFixture.StartAsync();
        await admin.Edges.AddAsync(TestEdges.WithSecret("a"), default);
        var token = await TokenAsync(admin, "rotate-secret", """{"host":"h","secret":"fedcba9876543210","graceSeconds":0}""");
        Assert.Equal(TestEdges.OtherSecret, token.Secret);
        Assert.False(await admin.Edges.HasSecretAsync("a", TestEdges.Secret, default));
        Assert.True(await admin.Edges.HasSecretAsync("a", TestEdges.OtherSecret, default));
    }

    [Fact]
    public async Task A_hub_that_stands_still_is_not_ready_and_says_what_stands()
    {
        await using var admin = await AdminFixture.StartAsync();
        admin.FindFault = () => Task.FromResult<string?>("event loop 0 of 1 has not turned for 2 s");
        var (status, problem) = await admin.SendAsync(HttpMethod.Get, "readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("event loop 0 of 1", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Status_and_health_answer()
    {
        await using var admin = await AdminFixture.StartAsync();
        Assert.Equal("ready", (await admin.SendAsync(HttpMethod.Get, "readyz")).Json.GetProperty("status").GetString());
        Assert.Equal("ok", (await admin.SendAsync(HttpMethod.Get, "healthz")).Json.GetProperty("status").GetString());
        var (_, status) = await admin.SendAsync(HttpMethod.Get, "api/v1/status");
        Assert.True(status.GetProperty("running").GetBoolean());
        Assert.Equal(8443, status.GetProperty("tunnelPort").GetInt32());
        Assert.Equal(0, status.GetProperty("connectedEdges").GetArrayLength());
    }

    [Theory]
    [InlineData("""{"port":443}""", true, "", 0)]
    [InlineData("""{"port":80,"protocol":"tcp","edge":"a"}""", false, "clashes with 80, which \"a\" has already (listenPorts[0])", 0)]
    [InlineData("""{"port":"8005-8007","edge":"a"}""", false, "clashes with 8000-8010", 0)]
    [InlineData("""{"port":80,"protocol":"udp","edge":"a"}""", true, "", 0)]
    [InlineData("""{"port":80}""", true, "", 0)]
    [InlineData("""{"port":0}""", false, "1–65535", 0)]
    [InlineData("""{"port":65536}""", false, "1–65535", 0)]
    [InlineData("""{"port":"1000-18000"}""", false, "at most 16384", 0)]
    [InlineData("""{"port":"10000-26379","edge":"a"}""", false, "would make 16392 ports", 0)]
    [InlineData("""{"port":22}""", true, "", 1)]
    public async Task A_port_is_judged_before_it_is_assigned(string question, bool valid, string error, int warnings)
    {
        await using var admin = await AdminFixture.StartAsync();
        await admin.Edges.AddAsync(TestEdges.WithSecret("a") with { ListenPorts = [80, new PortRange(8000, 8010)] }, default);
        var (status, answer) = await admin.SendAsync(HttpMethod.Post, "api/v1/validate-port", question);
        Assert.Equal((HttpStatusCode.OK, valid), (status, answer.GetProperty("valid").GetBoolean()));
        Assert.Contains(
            error,
            string.Join(' ', answer.GetProperty("errors").EnumerateArray().Select(fault => fault.GetProperty("message").GetString())),
            StringComparison.Ordinal);
        Assert.Equal(warnings, answer.GetProperty("warnings").GetArrayLength());
        var known = question.Contains("80", StringComparison.Ordinal) && !question.Contains("udp", StringComparison.Ordinal);
        Assert.Equal(known ? 1 : 0, answer.GetProperty("assignedTo").GetArrayLength());
    }

    [Fact]
    public async Task A_port_is_judged_with_the_settings_that_it_would_have()
    {
        await using var admin = await AdminFixture.StartAsync();
        await admin.Edges.AddAsync(TestEdges.WithSecret("a") with { ListenPorts = [80] }, default);
        var (_, answer) = await admin.SendAsync(
            HttpMethod.Post, "api/v1/validate-port",
            """
            {"port":"443-444","edge":"a","policy":{"targets":[{"host":"10.0.0.5","weight":0}],"balance":"leastConnections","upstreamTls":{"ca":"/none.pem"},
             "routes":[{"sni":"a.test","targets":[{"host":"10.0.0.6"}]},{"sni":"a.test","targets":[{"host":"10.0.0.7"}]}]}}
            """);
        Assert.False(answer.GetProperty("valid").GetBoolean());
        Assert.Equal(
            ["$.policy.routes[1].sni", "$.policy.targets", "$.policy.tls", "$.policy.upstreamTls.ca"],
            answer.GetProperty("errors").EnumerateArray().Select(fault => fault.GetProperty("path").GetString()).Order(
                StringComparer.Ordinal));
        (_, answer) = await admin.SendAsync(
            HttpMethod.Post, "api/v1/validate-port", """{"port":443,"policy":{"balance":"fast","idleTimeout":-1}}""");
        Assert.Equal(
            ["$.policy.balance", "$.policy.idleTimeout"],
            answer.GetProperty("errors").EnumerateArray().Select(fault => fault.GetProperty("path").GetString()));
        (_, answer) = await admin.SendAsync(
            HttpMethod.Post, "api/v1/validate-port", """{"port":443,"policy":{"targets":[{"host":"10.0.0.5"}],"breaker":{}}}""");
        Assert.Empty(answer.GetProperty("errors").EnumerateArray());
        (_, answer) = await admin.SendAsync(
            HttpMethod.Post, "api/v1/validate-port", """{"port":53,"protocol":"udp","policy":{"tls":{"passthrough":true}}}""");
        Assert.Equal("$.policy.tls", Assert.Single(answer.GetProperty("errors").EnumerateArray()).GetProperty("path").GetString());
    }

    [Theory]
    [InlineData("[]", HttpStatusCode.BadRequest)]
    [InlineData("{}", HttpStatusCode.BadRequest)]
    [InlineData("""{"port":"x"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"port":1,"protocol":"sctp"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"prot":1}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"port":1,"edge":"none"}""", HttpStatusCode.NotFound)]
    public async Task A_question_that_can_t_be_understood_is_a_problem(string question, HttpStatusCode expected)
    {
        await using var admin = await AdminFixture.StartAsync();
        Assert.Equal(expected, (await admin.SendAsync(HttpMethod.Post, "api/v1/validate-port", question)).Status);
    }

    private static async Task<ConnectionToken> TokenAsync(AdminFixture admin, string action, string body)
    {
        var (status, answer) = await admin.SendAsync(HttpMethod.Post, $"api/v1/edges/a/{action}", body);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("a", answer.GetProperty("id").GetString());
        return Decode(answer.GetProperty("token"));
    }

    private static ConnectionToken Decode(JsonElement token)
    {
        Assert.True(ConnectionToken.TryDecode(token.GetString(), out var decoded, out var error), error);
        return decoded;
    }
}
