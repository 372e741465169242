using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Tunnel.Hub.Serving;

/// <summary>Serves an ASP.NET Core application at an edge's public port.</summary>
public static class TunnelWebHostBuilderExtensions
{
    /// <summary>
    /// Lets Kestrel accept the clients of a port of the hub's edges, beside whatever else it listens on. The hub may be started later.
    /// </summary>
    /// <param name="builder">The application's host, <c>WebApplicationBuilder.WebHost</c>.</param>
    /// <param name="hub">A hub of this process.</param>
    /// <param name="port">The port as in a policy's key, such as <c>tcp/443</c>; the edge must be assigned it.</param>
    /// <param name="edgeId">The edge; null: every edge that has the port.</param>
    /// <param name="configure">Sets up the listener, for example <c>UseHttps</c>; null: HTTP in clear.</param>
    /// <exception cref="ArgumentException">The port is not a single TCP port.</exception>
    public static IWebHostBuilder UseTunnel(
        this IWebHostBuilder builder, TunnelHub hub, string port, string? edgeId = null, Action<ListenOptions>? configure = null)
    {
        var endPoint = new TunnelEndPoint(port, edgeId);
        return builder
            .ConfigureServices(services =>
            {
                services.AddSingleton<IConnectionListenerFactory>(new TunnelConnectionListenerFactory(hub));
                services.Configure<KestrelServerOptions>(options => options.Listen(endPoint, configure ?? (static _ => { })));
            });
    }
}
