using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tunnel.Hub.Configuration;

namespace Tunnel.Hub;

/// <summary>Runs a hub inside another program.</summary>
public static class TunnelHubServiceCollectionExtensions
{
    /// <summary>
    /// Adds a <see cref="TunnelHub"/> that starts and stops with the host; get it from the container for its status and events.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="options">The hub's settings.</param>
    public static IServiceCollection AddTunnelHub(this IServiceCollection services, TunnelHubOptions options)
    {
        services.AddSingleton(provider => new TunnelHub(
            options, provider.GetRequiredService<ILoggerFactory>(), provider.GetService<TimeProvider>(),
            provider.GetService<IMeterFactory>()));
        return services.AddHostedService<TunnelHubService>();
    }

    private sealed class TunnelHubService(TunnelHub hub) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => hub.StartAsync(cancellationToken);

        // The host's own limit ends the wait; the streams then end with the process.
        public Task StopAsync(CancellationToken cancellationToken) => hub.StopAsync().WaitAsync(cancellationToken);
    }
}
