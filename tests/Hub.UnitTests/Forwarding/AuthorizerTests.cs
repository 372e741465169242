using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Edges.Allowed;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Events;
using Tunnel.Hub.Forwarding.Authorizing;
using Tunnel.Hub.Status;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Protocol;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Forwarding;

public sealed class AuthorizerTests : IDisposable
{
    private static readonly AuthorizeDefinition Url = new() { Url = "http://192.0.2.1/authorize?key=secret" };

    private readonly EventLog _events = new();
    private readonly ManualTimeProvider _time = new();
    private readonly FakeAuthorizer _server = new();
    private readonly List<Authorizer> _made = [];

    [Fact]
    public async Task Clients_of_one_address_share_a_question_and_its_answer_is_kept_for_its_time()
    {
        var authorizer = Make(Url);
        var first = authorizer.AskAsync(Question("203.0.113.7"), default).AsTask();
        var second = authorizer.AskAsync(Question("203.0.113.7"), default).AsTask();
        await AnswerAsync(HttpStatusCode.OK);
        Assert.Equal([AuthorizeAnswer.Allowed, AuthorizeAnswer.Allowed], await Task.WhenAll(first, second));
        var other = authorizer.AskAsync(Question("203.0.113.8"), default).AsTask();
        await AnswerAsync(HttpStatusCode.Forbidden);
        Assert.Equal(AuthorizeAnswer.Refused, await other);

        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Equal(AuthorizeAnswer.Allowed, await authorizer.AskAsync(Question("203.0.113.7"), default));
        Assert.Equal(AuthorizeAnswer.Refused, await authorizer.AskAsync(Question("203.0.113.8"), default));
        Assert.Equal(2, _server.Count);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        var again = authorizer.AskAsync(Question("203.0.113.7"), default).AsTask();
        await AnswerAsync(HttpStatusCode.Forbidden);
        Assert.Equal(AuthorizeAnswer.Refused, await again);
        Assert.Equal((1, 2), (authorizer.Count(AuthorizeAnswer.Allowed), authorizer.Count(AuthorizeAnswer.Refused)));
    }

    [Fact]
    public async Task With_a_ttl_of_0_each_client_is_asked_about()
    {
        var authorizer = Make(Url with { Ttl = 0 });
        for (var i = 1; i <= 2; i++)
        {
            var asked = authorizer.AskAsync(Question("203.0.113.7"), default).AsTask();
            await AnswerAsync(HttpStatusCode.OK);
            Assert.Equal(AuthorizeAnswer.Allowed, await asked);
            Assert.Equal(i, _server.Count);
        }
    }

    [Theory]
    [InlineData(200, "Allowed")]
    [InlineData(401, "Refused")]
    [InlineData(404, "Refused")]
    [InlineData(204, "None")]
    [InlineData(302, "None")]
    [InlineData(500, "None")]
    public async Task Only_200_allows_and_what_is_no_decision_is_not_kept(int status, string word)
    {
        var answer = Enum.Parse<AuthorizeAnswer>(word);
        var authorizer = Make(Url);
        var asked = authorizer.AskAsync(Question("203.0.113.7"), default).AsTask();
        await AnswerAsync((HttpStatusCode)status);
        Assert.Equal(answer, await asked);
        Assert.Equal(answer == AuthorizeAnswer.None ? $"it answered {status}" : null, authorizer.Fault?.Reason);
        var again = authorizer.AskAsync(Question("203.0.113.7"), default).AsTask();
        Assert.Equal(answer != AuthorizeAnswer.None, again.IsCompleted);
    }

    [Fact]
    public async Task The_question_says_who_came_where_and_for_what()
    {
        var authorizer = Make(Url);
        _ = authorizer.AskAsync(new AuthorizeQuestion("vps", 443, IPAddress.Parse("2001:db8::7"), "www.example.com"), default).AsTask();
        var asked = await _server.NextAsync();
        Assert.Equal((HttpMethod.Post, Url.Url, "application/json"), (asked.Method, asked.Url, asked.Type));
        Assert.Equal("""{"edgeId":"vps","port":443,"source":"2001:db8::7","sni":"www.example.com"}""", asked.Body);
        _ = authorizer.AskAsync(new AuthorizeQuestion("vps", 443, null, null), default).AsTask();
        Assert.Equal("""{"edgeId":"vps","port":443,"source":null,"sni":null}""", (await _server.NextAsync()).Body);
    }

    [Fact]
    public async Task One_that_does_not_answer_is_told_of_once_and_so_is_that_it_does_again()
    {
        var authorizer = Make(Url);
        for (var i = 0; i < 3; i++)
        {
            var silent = authorizer.AskAsync(Question("203.0.113.7"), default).AsTask();
            var asked = await _server.NextAsync();
            _time.Advance(TimeSpan.FromSeconds(0.99));
            Assert.False(silent.IsCompleted);
            _time.Advance(TimeSpan.FromSeconds(0.01));
            Assert.Equal(AuthorizeAnswer.None, await silent.WaitAsync(Patience.Limit));
            Assert.True(asked.Limit.IsCancellationRequested);
        }

        var down = await _events.NextAsync<AuthorizerDownEvent>();
        Assert.Equal(("http://192.0.2.1/authorize", "no answer within 1 s", false), (down.Url, down.Reason, down.FailOpen));

        // An answer in between does not end the fault yet.
        await DecideAsync(authorizer, "203.0.113.1");
        Assert.NotNull(authorizer.Fault);
        _time.Advance(TimeSpan.FromSeconds(10));
        await DecideAsync(authorizer, "203.0.113.2");
        Assert.Null(authorizer.Fault);
        // The next event is this one: the same fault was not told a second time.
        Assert.Equal("http://192.0.2.1/authorize", (await _events.NextAsync<HubEvent>() as AuthorizerUpEvent)?.Url);
    }

    [Fact]
    public async Task A_client_that_goes_leaves_the_answer_to_the_others()
    {
        var authorizer = Make(Url);
        using var gone = new CancellationTokenSource();
        var first = authorizer.AskAsync(Question("203.0.113.7"), gone.Token).AsTask();
        var second = authorizer.AskAsync(Question("203.0.113.7"), default).AsTask();
        gone.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await AnswerAsync(HttpStatusCode.OK);
        Assert.Equal(AuthorizeAnswer.Allowed, await second);
    }

    [Fact]
    public async Task When_too_many_questions_wait_the_next_has_no_answer_at_once()
    {
        var authorizer = Make(Url);
        for (var i = 0; i < Authorizer.MaxAsking; i++)
            _ = authorizer.AskAsync(new AuthorizeQuestion("a", i, null, null), default).AsTask();
        Assert.Equal(AuthorizeAnswer.None, await authorizer.AskAsync(Question("203.0.113.7"), default));
        Assert.False(authorizer.AskAsync(new AuthorizeQuestion("a", 0, null, null), default).IsCompleted);
    }

    [Fact]
    public void Answers_end_with_their_time_and_the_oldest_gives_way()
    {
        var kept = new KeptAnswers(TimeSpan.FromSeconds(10), 3, _time);
        foreach (var port in (int[])[1, 2, 3, 4])
        {
            kept.Keep(Of(port), AuthorizeAnswer.Allowed);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(
            [null, AuthorizeAnswer.Allowed, AuthorizeAnswer.Allowed], new[] { kept.Find(Of(1)), kept.Find(Of(2)), kept.Find(Of(4)) });
        _time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal([null, AuthorizeAnswer.Allowed], new[] { kept.Find(Of(2)), kept.Find(Of(4)) });
        kept.Keep(Of(2), AuthorizeAnswer.Refused);
        Assert.Equal([AuthorizeAnswer.Refused, AuthorizeAnswer.Allowed], new[] { kept.Find(Of(2)), kept.Find(Of(4)) });

        static AuthorizeQuestion Of(int port) => new("a", port, null, null);
    }

    [Fact]
    public async Task A_client_that_is_not_allowed_is_reset_and_counted_and_no_upstream_is_asked()
    {
        var connector = new FakeConnector();
        using var hub = new ForwardingFixture(connector) { AuthorizeHandler = _server };
        hub.ConnectEdge(new PortPolicyDefinition { AuthorizeUrl = Url });
        var stream = hub.OpenStream();
        await AnswerAsync(HttpStatusCode.Forbidden);
        Assert.Equal(ResetReason.Policy, await stream.ResetAsync());
        Assert.Equal(1, hub.Streams.Failures.Snapshot()["authorizeRefused"]);
        Assert.Null(connector.Asked);
        Assert.True(hub.Traffic.Ports.Single().Health.IsHealthy);
        Assert.Equal("203.0.113.7", _server.LastSource);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(true)]
    public async Task Without_an_answer_clients_are_refused_unless_the_port_lets_them_in(bool? failOpen)
    {
        var connector = new FakeConnector();
        using var hub = new ForwardingFixture(connector) { AuthorizeHandler = _server };
        hub.ConnectEdge(new PortPolicyDefinition { TargetHost = "192.0.2.9", AuthorizeUrl = Url with { FailOpen = failOpen } });
        var stream = hub.OpenStream();
        await AnswerAsync(HttpStatusCode.ServiceUnavailable);
        if (failOpen == true)
        {
            await Eventually.IsTrueAsync(() => connector.Asked?.Host == "192.0.2.9", "the upstream is asked");
            return;
        }

        Assert.Equal(ResetReason.Policy, await stream.ResetAsync());
        Assert.Equal(1, hub.Streams.Failures.Snapshot()["authorizeFailed"]);
        Assert.Null(connector.Asked);
    }

    [Fact]
    public void Those_that_no_port_needs_any_more_are_forgotten_and_status_names_the_others_without_their_query()
    {
        using var all = new Authorizers(_ => _server, Reports(), _time);
        Apply("a", new EdgeDefinition { Id = "a", ListenPorts = [80, 443], Ports = Ports(Url) });
        Apply("b", new EdgeDefinition { Id = "b", ListenPorts = [80], Ports = Ports(Url) });
        var used = all.Of(Url, default);
        Apply("a", new EdgeDefinition { Id = "a", ListenPorts = [80], Ports = Ports(Url with { Ttl = 1 }) });
        Assert.Same(used, Assert.Single(all.All));
        Assert.Equal(
            [
                "a tcp/80: http://192.0.2.1/authorize says whether clients may come in",
                "b tcp/80: http://192.0.2.1/authorize says whether clients may come in"],
            AuthorizerStatuses.Describe(all).Select(status => $"{status.EdgeId} {status.Describe()}"));
        Apply("b", null);
        Assert.Empty(all.All);

        void Apply(string id, EdgeDefinition? edge) => all.Apply(id, edge is null ? null : AllowedEdge.From(edge), _ => default);
        static System.Collections.Immutable.ImmutableSortedDictionary<string, PortPolicyDefinition> Ports(AuthorizeDefinition url) =>
            EdgeDefinition.NoPorts.Add("default", new PortPolicyDefinition { AuthorizeUrl = url });
    }

    public void Dispose()
    {
        foreach (var authorizer in _made)
            authorizer.Dispose();
        _server.Dispose();
    }

    private static AuthorizeQuestion Question(string source) => new("a", 80, IPAddress.Parse(source), null);

    private AuthorizeReports Reports() => new(_events.Queue, _time, NullLogger<AuthorizeReports>.Instance);

    private Authorizer Make(AuthorizeDefinition url)
    {
        var made = new Authorizer(url, _server, Reports(), _time);
        _made.Add(made);
        return made;
    }

    private async Task AnswerAsync(HttpStatusCode status) => (await _server.NextAsync()).Answer(status);

    private async Task DecideAsync(Authorizer authorizer, string source)
    {
        var asked = authorizer.AskAsync(Question(source), default).AsTask();
        await AnswerAsync(HttpStatusCode.OK);
        Assert.Equal(AuthorizeAnswer.Allowed, await asked);
    }
}
