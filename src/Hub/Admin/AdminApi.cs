using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Tunnel.Hub.Admin;

/// <summary>
/// The routes of the admin API (product.md section 5). Kestrel dispatches requests to the thread pool, so nothing here runs on the sockets' inline
/// completions.
/// </summary>
internal static class AdminApi
{
    public static void Map(IEndpointRouteBuilder routes, IAdministeredHub hub, string? publicHost, ILogger logger)
    {
        var tokens = new TokenIssuer(hub, publicHost);
        var edges = new EdgesEndpoints(hub.Edges, tokens);
        var secrets = new SecretsEndpoints(hub.Edges, tokens);
        RequestDelegate Guard(RequestDelegate endpoint) => AdminResults.Guard(endpoint, logger);

        const string all = "/api/v1/edges";
        const string one = "/api/v1/edges/{id}";
        routes.MapGet(all, Guard(edges.ListAsync));
        routes.MapPut(all, Guard(edges.ReplaceAllAsync));
        routes.MapPost(all, Guard(edges.AddAsync));
        routes.MapGet(one, Guard(edges.GetAsync));
        routes.MapPut(one, Guard(edges.UpdateAsync));
        routes.MapDelete(one, Guard(edges.RemoveAsync));
        routes.MapPost($"{one}/token", Guard(secrets.TokenAsync));
        routes.MapPost($"{one}/rotate-secret", Guard(secrets.RotateAsync));
        routes.MapGet("/api/v1/status", Guard(context => AdminResults.WriteAsync(context, hub.GetStatus(), AdminJson.Default.HubStatus)));
        routes.MapGet("/api/v1/events", Guard(new EventsEndpoint(hub.Events, hub.Time).StreamAsync));
        routes.MapGet("/healthz", Guard(context => AdminResults.WriteAsync(context, new HealthAnswer("ok"), AdminJson.Default.HealthAnswer)));
        routes.Map("/{**path}", Guard(NotFoundAsync));
    }

    private static Task NotFoundAsync(HttpContext context) => AdminResults.WriteProblemAsync(context, new Problem
    {
        Status = StatusCodes.Status404NotFound,
        Detail = $"There is no {context.Request.Method} {context.Request.Path}. See /api/v1/edges, /api/v1/edges/{{id}}, /api/v1/status, /api/v1/events and /healthz.",
    });
}
