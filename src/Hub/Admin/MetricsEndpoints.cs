using Microsoft.AspNetCore.Http;
using Tunnel.Hub.Admin.Routing;
using Tunnel.Shared.Observability;

namespace Tunnel.Hub.Admin;

/// <summary><c>/metrics</c>: the hub's metrics, for Prometheus.</summary>
internal sealed class MetricsEndpoints(PrometheusExporter exporter)
{
    public void Map(AdminRoutes routes) =>
        routes.Get("/metrics", ScrapeAsync, "getMetrics", "The hub's metrics in Prometheus's text format.").Answers<string>(
            contentType: "text/plain");

    private Task ScrapeAsync(HttpContext context)
    {
        context.Response.ContentType = PrometheusExporter.ContentType;
        return context.Response.WriteAsync(exporter.Collect(), context.RequestAborted);
    }
}
