using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Admin.Access;
using Tunnel.Hub.Admin.OpenApi;
using Tunnel.Hub.Admin.Routing;

namespace Tunnel.Hub.Admin;

/// <summary>
/// The admin API. Kestrel dispatches requests to the thread pool, so nothing here runs on the sockets' inline completions.
/// </summary>
internal static class AdminApi
{
    public static void AddServices(IServiceCollection services) => OpenApiServices.Add(services);

    public static void Map(
        WebApplication application, IAdministeredHub hub, AdminFront front, Func<string?> publicHost, ILogger logger)
    {
        application.Use(next => context => new ProblemMiddleware(logger).InvokeAsync(context, next));
        application.Use(next => context => front.Guard.InvokeAsync(context, next));
        application.Use(next => context => front.Access.InvokeAsync(context, next));

        var tokens = new TokenIssuer(hub, publicHost);
        var routes = new AdminRoutes(application);
        new EdgesEndpoints(hub.Edges, tokens).Map(routes);
        new PortsEndpoints(hub.Edges).Map(routes);
        new SecretsEndpoints(hub.Edges, tokens).Map(routes);
        new PushSecretEndpoints(hub).Map(routes);
        new BlocksEndpoints(hub).Map(routes);
        new EdgeTunnelsEndpoints(hub).Map(routes);
        new ValidatePortEndpoints(hub.Edges).Map(routes);
        new StatusEndpoints(hub).Map(routes);
        new OverviewEndpoints(hub).Map(routes);
        new TrafficEndpoints(hub).Map(routes);
        new HistoryEndpoints(hub.History).Map(routes);
        new CertificateEndpoints(hub).Map(routes);
        new HubAddressEndpoints(hub).Map(routes);
        new AdminKeyEndpoints(front.Keys).Map(routes);
        front.Login.Map(routes);
        new EventsEndpoints(hub.Events, hub.Time).Map(routes);
        new MetricsEndpoints(hub.Metrics).Map(routes);
        new OpenApiEndpoint().Map(routes);
        new PageEndpoints().Map(routes);
        routes.MapEverythingElse();
    }
}
