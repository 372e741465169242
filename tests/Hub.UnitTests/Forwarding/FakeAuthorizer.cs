using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Tunnel.Hub.UnitTests.Fakes;

namespace Tunnel.Hub.UnitTests.Forwarding;

/// <summary>An <c>authorizeUrl</c> that answers when and what the test wants.</summary>
internal sealed class FakeAuthorizer : HttpMessageHandler
{
    private readonly Channel<Asked> _asked = Channel.CreateUnbounded<Asked>();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>The client of the last question that was taken.</summary>
    public string? LastSource { get; private set; }

    public async Task<Asked> NextAsync()
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        var next = await _asked.Reader.ReadAsync(limit.Token);
        LastSource = JsonDocument.Parse(next.Body).RootElement.GetProperty("source").GetString();
        return next;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _count);
        var answer = new TaskCompletionSource<HttpStatusCode>(TaskCreationOptions.RunContinuationsAsynchronously);
        var body = await request.Content!.ReadAsStringAsync(cancellationToken);
        _asked.Writer.TryWrite(
            new Asked(
                request.Method, request.RequestUri!.OriginalString, request.Content.Headers.ContentType?.MediaType, body, cancellationToken,
                answer));
        return new HttpResponseMessage(await answer.Task.WaitAsync(cancellationToken));
    }

    /// <summary>A question that was asked.</summary>
    public sealed record Asked(
        HttpMethod Method, string Url, string? Type, string Body, CancellationToken Limit, TaskCompletionSource<HttpStatusCode> Waiting)
    {
        public void Answer(HttpStatusCode status) => Waiting.TrySetResult(status);
    }
}
