using System.Net;
using System.Net.Http.Headers;
using Tunnel.Hub.Edges.Definitions;

namespace Tunnel.Hub.Forwarding.Authorizing;

/// <summary>
/// Asks one <c>authorizeUrl</c> about clients. Those of the same address, port and name share a question and its answer, so that a flood of
/// connections is not one of requests. Any thread may use it.
/// </summary>
internal sealed class Authorizer : IDisposable
{
    /// <summary>How many answers are kept.</summary>
    public const int MaxKept = 10_000;

    /// <summary>How many questions may wait for their answer at once; more would be too late anyway.</summary>
    public const int MaxAsking = 4_096;

    // A URL that answers now and then counts as down until it has answered for a while; else each change would be a line in the log.
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(10);

    private readonly AuthorizeReports _reports;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _http;
    private readonly Lock _lock = new();
    private readonly Dictionary<AuthorizeQuestion, Task<AuthorizeAnswer>> _asking = [];
    private readonly KeptAnswers _kept;
    private readonly long[] _counts = new long[Enum.GetValues<AuthorizeAnswer>().Length];
    private AuthorizeFault? _fault;
    private long _lastFault;

    public Authorizer(AuthorizeDefinition asked, HttpMessageHandler handler, AuthorizeReports reports, TimeProvider time)
    {
        (Asked, _reports, _time) = (asked, reports, time);
        _http = new HttpMessageInvoker(handler);
        _kept = new KeptAnswers(asked.Lifetime, MaxKept, time);
    }

    /// <summary>The definition that the operator wrote.</summary>
    public AuthorizeDefinition Asked { get; }

    /// <summary>Why there are no answers; null while there are, or nobody has asked.</summary>
    public AuthorizeFault? Fault
    {
        get
        {
            lock (_lock)
                return _fault;
        }
    }

    /// <summary>Returns how many questions were answered so.</summary>
    public long Count(AuthorizeAnswer answer) => Volatile.Read(ref _counts[(int)answer]);

    /// <summary>Asks about a client, unless the answer is known. Throws only when the client is gone.</summary>
    /// <param name="question">What is asked.</param>
    /// <param name="gone">Fires when the client is gone; others may still wait for the answer.</param>
    public ValueTask<AuthorizeAnswer> AskAsync(in AuthorizeQuestion question, CancellationToken gone)
    {
        lock (_lock)
        {
            if (_kept.Find(question) is { } known)
                return new ValueTask<AuthorizeAnswer>(known);
            if (!_asking.TryGetValue(question, out var asking))
            {
                if (_asking.Count >= MaxAsking)
                    return new ValueTask<AuthorizeAnswer>(NoteTooMany());
                asking = FindOutAsync(question);
                _asking.Add(question, asking);
            }

            return new ValueTask<AuthorizeAnswer>(asking.WaitAsync(gone));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    // The fault that it follows from is told of by the questions that wait.
    private AuthorizeAnswer NoteTooMany()
    {
        Interlocked.Increment(ref _counts[(int)AuthorizeAnswer.None]);
        return AuthorizeAnswer.None;
    }

    // This method never throws.
    private async Task<AuthorizeAnswer> FindOutAsync(AuthorizeQuestion question)
    {
        // The caller has the lock.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var (answer, fault) = await RequestAsync(question);
        Interlocked.Increment(ref _counts[(int)answer]);
        Action? report;
        lock (_lock)
        {
            _asking.Remove(question);
            if (fault is null)
                _kept.Keep(question, answer);
            report = NoteFault(fault);
        }

        report?.Invoke();
        return answer;
    }

    // Returns what is to be told, once the lock is free.
    private Action? NoteFault(string? fault)
    {
        if (fault is null)
        {
            if (_fault is null || _time.GetElapsedTime(_lastFault) < Calm)
                return null;
            _fault = null;
            return () => _reports.OnUp(Asked);
        }

        _lastFault = _time.GetTimestamp();
        if (_fault is not null)
        {
            _fault = _fault with { Reason = fault };
            return null;
        }

        _fault = new AuthorizeFault(fault, _time.GetUtcNow());
        return () => _reports.OnDown(Asked, fault);
    }

    // The limit includes the time until a connection is free.
    private async Task<(AuthorizeAnswer Answer, string? Fault)> RequestAsync(AuthorizeQuestion question)
    {
        using var limit = new CancellationTokenSource(Asked.Limit, _time);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Asked.Url) { Content = new ByteArrayContent(question.ToJson()) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.UserAgent.Add(new ProductInfoHeaderValue("tunnel-hub", null));
            using var answer = await _http.SendAsync(request, limit.Token);
            return answer.StatusCode switch
            {
                HttpStatusCode.OK => (AuthorizeAnswer.Allowed, null),
                >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError => (AuthorizeAnswer.Refused, null),
                var other => (AuthorizeAnswer.None, $"it answered {(int)other}"),
            };
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return (AuthorizeAnswer.None, $"no answer within {Asked.Limit.TotalSeconds:0} s");
        }
        catch (Exception e)
        {
            return (AuthorizeAnswer.None, Words(e.InnerException?.Message ?? e.Message));
        }
    }

    // The message may quote the beginning of an answer that is not HTTP.
    private static string Words(string message) =>
        string.Concat(message.Where(static c => !char.IsControl(c)).Take(200));
}
