using System.Net;
using Tunnel.Hub.Edges.Live;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Hub.UnitTests.Admin;

/// <summary>The old secrets end only once the edge has the new one on its disk.</summary>
public sealed class PushSecretTests : IAsyncLifetime
{
    private const string Old = "the-secret-that-it-has";
    private const string New = "the-secret-that-it-gets";
    private AdminFixture _hub = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await AdminFixture.StartAsync("hub.example.com");
        Assert.Equal(
            HttpStatusCode.Created, (await _hub.SendAsync(HttpMethod.Post, "api/v1/edges", $$"""{"id":"a","secret":"{{Old}}"}""")).Status);
    }

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public async Task One_that_is_kept_ends_the_others_when_asked_at_once()
    {
        _hub.Push = new SecretPush(true, new KeptReport { Secret = true });
        Assert.Equal(HttpStatusCode.OK, await PushAsync());
        Assert.Equal(New, _hub.Pushed);
        Assert.Equal((false, true), await ValidAsync());
    }

    [Theory]
    [InlineData("it can't be kept: No space left on device")]
    [InlineData(null)]
    public async Task One_that_is_not_kept_leaves_the_others_as_they_are(string? error)
    {
        _hub.Push = new SecretPush(true, error is null ? null : new KeptReport { Error = error });
        Assert.Equal(HttpStatusCode.Conflict, await PushAsync());

        // The edge may have kept the secret all the same: its answer may be lost.
        Assert.Equal((true, true), await ValidAsync());
    }

    [Fact]
    public async Task Nothing_changes_for_an_edge_that_is_not_connected()
    {
        Assert.Equal(HttpStatusCode.Conflict, await PushAsync());
        Assert.Equal((true, false), await ValidAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await _hub.SendAsync(HttpMethod.Post, "api/v1/edges/b/push-secret")).Status);
    }

    private async Task<HttpStatusCode> PushAsync() =>
        (await _hub.SendAsync(HttpMethod.Post, "api/v1/edges/a/push-secret", $$"""{"secret":"{{New}}","graceSeconds":0}""")).Status;

    private async Task<(bool Old, bool New)> ValidAsync() =>
        (await _hub.Edges.HasSecretAsync("a", Old, CancellationToken.None),
            await _hub.Edges.HasSecretAsync("a", New, CancellationToken.None));
}
