using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Configuration;

namespace Tunnel.Edge;

/// <summary>Runs an edge inside a .NET host.</summary>
public static class TunnelEdgeServiceCollectionExtensions
{
    /// <summary>Adds a <see cref="TunnelEdge"/> that starts and stops with the host.</summary>
    public static IServiceCollection AddTunnelEdge(this IServiceCollection services, TunnelEdgeOptions options) =>
        services.AddTunnelEdge(_ => options);

    /// <summary>
    /// Adds a <see cref="TunnelEdge"/> that starts and stops with the host; its options are created when it is first needed.
    /// </summary>
    public static IServiceCollection AddTunnelEdge(this IServiceCollection services, Func<IServiceProvider, TunnelEdgeOptions> options) =>
        services
            .AddSingleton(provider => new HostedEdge(
                options(provider), provider.GetRequiredService<ILoggerFactory>(), provider.GetService<TimeProvider>(),
                provider.GetService<IMeterFactory>()))
            .AddSingleton(provider => provider.GetRequiredService<HostedEdge>().Edge)
            .AddHostedService(provider => provider.GetRequiredService<HostedEdge>());

    private sealed class HostedEdge(TunnelEdgeOptions options, ILoggerFactory loggerFactory, TimeProvider? time, IMeterFactory? meters)
        : IHostedService, IAsyncDisposable
    {
        public TunnelEdge Edge { get; } = new(options, loggerFactory, time, meters: meters);

        public Task StartAsync(CancellationToken cancellationToken) => Edge.StartAsync(cancellationToken);

        // The host has a time limit of its own; what is still open after that is cut when the edge is disposed.
        public Task StopAsync(CancellationToken cancellationToken) => Edge.StopAsync(options.DrainTimeout).WaitAsync(cancellationToken);

        public ValueTask DisposeAsync() => Edge.DisposeAsync();
    }
}
