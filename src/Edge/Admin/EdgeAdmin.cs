using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Status;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Observability;

namespace Tunnel.Edge.Admin;

/// <summary>The edge's admin API on its Unix socket.</summary>
internal sealed class EdgeAdmin(TunnelEdge edge, PrometheusExporter metrics, string socketPath, ILoggerFactory loggers) : IAsyncDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    private AdminSocketHost? _host;

    public async Task StartAsync(CancellationToken cancellationToken) =>
        _host = await AdminSocketHost.StartAsync(socketPath, _ => { }, Map, edge.Descriptors, loggers, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_host is null)
            return;
        await _host.StopAsync(StopLimit);
        await _host.DisposeAsync();
    }

    private void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/api/v1/status", (HttpContext context) =>
            context.Response.WriteAsJsonAsync(edge.GetStatus(), EdgeJsonContext.Default.EdgeStatus, cancellationToken: context.RequestAborted));
        endpoints.MapGet("/metrics", (HttpContext context) =>
        {
            context.Response.ContentType = PrometheusExporter.ContentType;
            return context.Response.WriteAsync(metrics.Collect(), context.RequestAborted);
        });
        // Alive, whether or not the hub can be reached.
        endpoints.MapGet("/healthz", async (HttpContext context) =>
        {
            var fault = await edge.FindFaultAsync();
            context.Response.StatusCode = fault is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            await context.Response.WriteAsync($"{fault ?? "ok"}\n", context.RequestAborted);
        });
    }
}
