using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Hub.Status;

namespace Tunnel.Hub.Admin;

/// <summary>Answers the hub's status and whether the process is healthy.</summary>
internal sealed class StatusEndpoints(IAdministeredHub hub)
{
    public void Map(AdminRoutes routes)
    {
        EdgesQuery.DeclareState(EdgesQuery.Declare(routes.Get(
            "/api/v1/status", StatusAsync, "getStatus",
            "The hub, its edges, and what went wrong by reason. With a limit, next names the cursor of the next page; whatever belongs to "
                + "an edge is on the page of its edge, and counts are of all edges."))).Answers<HubStatus>();
        routes.Get("/healthz", HealthAsync, "getHealth", "The process is up and answers.").Answers<HealthAnswer>().WithoutKey();
        routes.Get(
            "/readyz", ReadyAsync, "getReadiness",
            "The hub takes edges and clients: its event loops, its accept loop and the registry of edges turn.")
            .Answers<HealthAnswer>()
            .Fails(StatusCodes.Status503ServiceUnavailable)
            .WithoutKey();
    }

    private Task StatusAsync(HttpContext context)
    {
        var query = EdgesQuery.Read(context.Request);
        return AdminResults.WriteAsync(context, query.Take(hub.GetStatus()), AdminJson.Default.HubStatus);
    }

    private async Task ReadyAsync(HttpContext context)
    {
        if (await hub.FindUnreadinessAsync() is { } fault)
        {
            throw new ProblemException(
                new Problem { Status = StatusCodes.Status503ServiceUnavailable, Detail = $"The hub is not ready: {fault}." });
        }

        await AdminResults.WriteAsync(context, new HealthAnswer("ready"), AdminJson.Default.HealthAnswer);
    }

    private static Task HealthAsync(HttpContext context) =>
        AdminResults.WriteAsync(context, new HealthAnswer("ok"), AdminJson.Default.HealthAnswer);
}
