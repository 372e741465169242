using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Edges.State;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Admin;

/// <summary>
/// <c>/api/v1/edges/{id}/push-secret</c>: gives an edge a new secret over its tunnel, in three steps, after each of which the process may
/// stop: the hub accepts the new secret beside the old ones; the edge keeps it; only then do the old ones begin to expire.
/// </summary>
internal sealed class PushSecretEndpoints(IAdministeredHub hub)
{
    private static readonly ObjectReader<PushSecretWish> Wishes = new(
        "{\"graceSeconds\": 3600}",
        new("secret", (wish, value) => wish with { Secret = value.Secret() }),
        new("graceSeconds", (wish, value) => wish with { Grace = SecretsEndpoints.ReadGrace(value) }))
    {
        HidesValue = true,
    };

    public void Map(AdminRoutes routes) =>
        routes.Post(
                "/api/v1/edges/{id}/push-secret",
                PushAsync,
                "pushSecret",
                "Gives a connected edge another secret, made or given, over its tunnel; the others expire after the grace period, which "
                    + "begins when the edge has kept it.")
            .Body<PushSecretRequest>(optional: true)
            .Answers<PushSecretAnswer>()
            .Fails(StatusCodes.Status404NotFound)
            .Fails(StatusCodes.Status409Conflict);

    private async Task PushAsync(HttpContext context)
    {
        var id = EdgesEndpoints.Id(context);
        var (chosen, grace) = await AdminRequest.ReadAsync(
            context, Wishes, new PushSecretWish(null, SecretsEndpoints.DefaultGrace), optional: true);
        if (hub.Edges.Find(id) is null)
            throw new ProblemException(Problem.NotFound(id));
        if (!hub.IsConnected(id))
        {
            throw Conflict(
                $"Edge \"{id}\" is not connected, so that nothing was changed. Without --push its token is printed, to be carried there "
                + "by hand.");
        }

        // From here on the request is not cancelled: a client that hangs up must not leave it half done.
        var result = await hub.Edges.AddSecretAsync(id, chosen, CancellationToken.None);
        if (result.Status == EdgeUpdateStatus.NotFound)
            throw new ProblemException(Problem.NotFound(id));
        if (!result.Succeeded)
            throw new ProblemException(Problem.Invalid(result.Errors));
        var push = await hub.PushSecretAsync(id, result.NewSecretId, result.NewSecret!);
        if (!push.IsKept)
        {
            var why = push.Kept?.Error is { } error ? $"says that {error}"
                : push.Sent
                    ? "did not confirm it within 10 s: its tunnel broke, or it is of a version that can't"
                    : "is not connected any more";
            throw Conflict(
                $"Edge \"{id}\" {why}. Its other secrets stay valid as they were, so that it comes back in any case; try again, or leave "
                + "--push out.");
        }

        await hub.Edges.ExpireOtherSecretsAsync(id, result.NewSecretId, grace, CancellationToken.None);
        await AdminResults.WriteAsync(context, new PushSecretAnswer(id), AdminJson.Default.PushSecretAnswer);
    }

    private static ProblemException Conflict(string detail) => new(new Problem { Status = StatusCodes.Status409Conflict, Detail = detail });

    private sealed record PushSecretWish(string? Secret, TimeSpan Grace);
}
