using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Edges.State;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin;

/// <summary>
/// Secrets of one edge: <c>/api/v1/edges/{id}/token</c> and <c>/rotate-secret</c>. A secret leaves the hub only once, in a token.
/// </summary>
internal sealed class SecretsEndpoints(EdgeStore store, TokenIssuer tokens)
{
    private const int MaxGrace = 30 * 24 * 3600;

    internal static readonly TimeSpan DefaultGrace = TimeSpan.FromHours(24);
    private static readonly ObjectReader<SecretWish> Wishes = new(
        "{\"host\": \"hub.example.com\"}",
        new("host", (wish, value) => wish with { Host = value.Text() }),
        new("secret", (wish, value) => wish with { Secret = value.Secret() }),
        new("graceSeconds", (wish, value) => wish with { Grace = ReadGrace(value) }),
        new("transport", (wish, value) => wish with { Transport = value.Text() }))
    {
        HidesValue = true,
    };

    public void Map(AdminRoutes routes)
    {
        routes.Post(
                "/api/v1/edges/{id}/token",
                TokenAsync,
                "createToken",
                "A connection token with a fresh secret, the others expiring after the grace period; or with the given one, which must "
                    + "be valid.")
            .Body<TokenRequest>(optional: true)
            .Answers<TokenAnswer>()
            .Fails(StatusCodes.Status404NotFound);
        routes.Post(
                "/api/v1/edges/{id}/rotate-secret",
                RotateAsync,
                "rotateSecret",
                "Gives an edge another secret, made or given, and answers with its token; the others expire after the grace period.")
            .Body<TokenRequest>(optional: true)
            .Answers<TokenAnswer>()
            .Fails(StatusCodes.Status404NotFound);
    }

    private async Task TokenAsync(HttpContext context)
    {
        var id = EdgesEndpoints.Id(context);
        var body = await ReadAsync(context);
        var target = tokens.Target(body.Host, body.Transport, dial: DialTargetOf(id));
        if (body.Secret is not { } secret)
        {
            await RotateAsync(context, id, chosen: null, body.Grace, target);
            return;
        }

        if (store.Find(id) is null)
            throw new ProblemException(Problem.NotFound(id));
        if (!await store.HasSecretAsync(id, secret, context.RequestAborted))
        {
            throw new ProblemException(
                Problem.Invalid("$.secret", Fault.Masked, $"is not a valid secret of \"{id}\"; leave it out for a fresh one"));
        }

        await AnswerAsync(context, id, secret, target);
    }

    private async Task RotateAsync(HttpContext context)
    {
        var body = await ReadAsync(context);
        var id = EdgesEndpoints.Id(context);
        await RotateAsync(context, id, body.Secret, body.Grace, tokens.Target(body.Host, body.Transport, dial: DialTargetOf(id)));
    }

    private async Task RotateAsync(HttpContext context, string id, string? chosen, TimeSpan grace, TokenTarget target)
    {
        var result = await store.RotateSecretAsync(id, chosen, grace, context.RequestAborted);
        if (result.Status == EdgeUpdateStatus.NotFound)
            throw new ProblemException(Problem.NotFound(id));
        if (!result.Succeeded)
            throw new ProblemException(Problem.Invalid(result.Errors));
        await AnswerAsync(context, id, result.NewSecret!, target);
    }

    private DialTarget? DialTargetOf(string id) => store.Find(id)?.DialTarget;

    private Task AnswerAsync(HttpContext context, string id, string secret, TokenTarget target) =>
        AdminResults.WriteAsync(context, new TokenAnswer(id, tokens.Issue(target, id, secret)), AdminJson.Default.TokenAnswer);

    /// <summary>Reads a grace period in seconds.</summary>
    internal static TimeSpan ReadGrace(WrittenValue value)
    {
        var seconds = value.Integer();
        if (seconds is < 0 or > MaxGrace)
            value.Refuse($"must be 0–{MaxGrace} seconds");
        return TimeSpan.FromSeconds(seconds ?? 0);
    }

    private static Task<SecretWish> ReadAsync(HttpContext context) =>
        AdminRequest.ReadAsync(context, Wishes, new SecretWish(null, null, DefaultGrace, null), optional: true);

    private sealed record SecretWish(string? Host, string? Secret, TimeSpan Grace, string? Transport);
}
