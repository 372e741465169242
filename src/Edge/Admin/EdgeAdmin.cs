using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Status;
using Tunnel.Shared.Hosting;
using Tunnel.Shared.Hosting.Replacing;
using Tunnel.Shared.Observability;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Text;

namespace Tunnel.Edge.Admin;

/// <summary>Serves the edge's admin API on its Unix socket, and its metrics where Prometheus can reach them.</summary>
/// <param name="edge">The edge that is administered.</param>
/// <param name="metrics">The edge's metrics.</param>
/// <param name="socketPath">The path of the Unix socket.</param>
/// <param name="metricsListen">Where metrics and health are answered over TCP without a key; null means nowhere.</param>
/// <param name="handOver">Answers a process that is to replace this one.</param>
/// <param name="sockets">What the process before left.</param>
/// <param name="loggers">Creates the loggers.</param>
internal sealed class EdgeAdmin(
    TunnelEdge edge, PrometheusExporter metrics, string socketPath, IPEndPoint? metricsListen, HandOver handOver,
    SocketStore sockets, ILoggerFactory loggers)
    : IAsyncDisposable
{
    // Each scraper takes a descriptor that a client could have.
    internal const int MaxScrapers = 64;

    private static readonly EdgeJsonContext Json = new(PlainJson.OptionsOf(EdgeJsonContext.Default));
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);
    private static readonly string[] Public = ["/metrics", "/healthz", "/readyz"];

    private readonly EdgeEventLog _events = new(edge, TimeProvider.System);
    private AdminSocketHost? _host;
    private int _scrapers;

    /// <summary>Starts to serve.</summary>
    /// <param name="replaces">Whether clients find the process before at the socket until <see cref="Publish"/>.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public async Task StartAsync(bool replaces, CancellationToken cancellationToken) =>
        _host = await AdminSocketHost.StartAsync(
            socketPath, _ => { }, Map, edge.Descriptors, loggers, cancellationToken, Listen, sockets, replaces);

    /// <inheritdoc cref="AdminSocketHost.Publish"/>
    public void Publish() => _host!.Publish();

    /// <inheritdoc cref="AdminSocketHost.Leave"/>
    public void Leave() => _host!.Leave();

    public async ValueTask DisposeAsync()
    {
        if (_host is null)
            return;
        await _host.StopAsync(StopLimit);
        await _host.DisposeAsync();
    }

    private void Listen(KestrelServerOptions kestrel)
    {
        if (metricsListen is not null)
            kestrel.Listen(metricsListen, listener => listener.Use(next => connection => ServeScraperAsync(connection, next)));
    }

    private async Task ServeScraperAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        try
        {
            if (Interlocked.Increment(ref _scrapers) <= MaxScrapers)
                await next(connection);
            else
                connection.Abort();
        }
        finally
        {
            Interlocked.Decrement(ref _scrapers);
        }
    }

    private void Map(WebApplication endpoints)
    {
        handOver.Use(endpoints);
        endpoints.Use(
            next => context => AdminConnection.IsLocal(context) || Public.Contains(context.Request.Path.Value)
            ? next(context)
            : NotFoundAsync(context));
        endpoints.MapGet("/api/v1/status", (HttpContext context) =>
            context.Response.WriteAsJsonAsync(edge.GetStatus(), Json.EdgeStatus, cancellationToken: context.RequestAborted));
        endpoints.MapGet("/api/v1/events", (HttpContext context) =>
        {
            // A parameter that is missing or no number stands for the beginning.
            _ = long.TryParse(context.Request.Query["after"], NumberStyles.None, CultureInfo.InvariantCulture, out var after);
            return context.Response.WriteAsJsonAsync(
                _events.After(after), Json.EdgeEventLineArray, cancellationToken: context.RequestAborted);
        });
        endpoints.MapGet("/metrics", (HttpContext context) =>
        {
            context.Response.ContentType = PrometheusExporter.ContentType;
            return context.Response.WriteAsync(metrics.Collect(), context.RequestAborted);
        });
        // The edge is alive whether or not the hub can be reached.
        endpoints.MapGet("/healthz", async (HttpContext context) => await WriteAsync(context, "ok", await edge.FindFaultAsync()));
        endpoints.MapGet("/readyz", async (HttpContext context) => await WriteAsync(context, "ready", await edge.FindUnreadinessAsync()));
    }

    private static Task WriteAsync(HttpContext context, string good, string? fault)
    {
        context.Response.StatusCode = fault is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsync($"{fault ?? good}\n", context.RequestAborted);
    }

    private static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return context.Response.WriteAsync(
            "Only /metrics, /healthz and /readyz are here; the rest is at the admin socket.\n", context.RequestAborted);
    }
}
