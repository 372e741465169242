using System.Net;

namespace Tunnel.Hub.UnitTests.Admin;

/// <summary>HEAD is answered where GET is, without a body.</summary>
public sealed class HeadTests
{
    [Theory]
    [InlineData("healthz", HttpStatusCode.OK)]
    [InlineData("readyz", HttpStatusCode.OK)]
    [InlineData("metrics", HttpStatusCode.OK)]
    [InlineData("api/v1/status", HttpStatusCode.OK)]
    [InlineData("api/v1/edges", HttpStatusCode.OK)]
    [InlineData("api/v1/events", HttpStatusCode.OK)]
    [InlineData("openapi/v1.json", HttpStatusCode.OK)]
    [InlineData("api/v1/edges/none", HttpStatusCode.NotFound)]
    [InlineData("api/v1/admin-key/rotate", HttpStatusCode.MethodNotAllowed)]
    [InlineData("nowhere", HttpStatusCode.NotFound)]
    public async Task Every_path_answers_as_to_GET_with_headers_alone(string path, HttpStatusCode expected)
    {
        await using var admin = await AdminFixture.StartAsync();
        using var answer = await admin.RequestAsync(HttpMethod.Head, path, null);
        Assert.Equal(expected, answer.StatusCode);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync());
        Assert.NotNull(answer.Content.Headers.ContentType);

        // The connection can still be used afterwards.
        Assert.Equal(HttpStatusCode.OK, (await admin.SendAsync(HttpMethod.Get, "healthz")).Status);
    }

    [Fact]
    public async Task What_a_path_takes_names_HEAD_beside_GET()
    {
        await using var admin = await AdminFixture.StartAsync();
        using var answer = await admin.RequestAsync(HttpMethod.Post, "api/v1/status", "{}");
        Assert.Equal("GET, HEAD", string.Join(", ", answer.Content.Headers.Allow));
    }
}
