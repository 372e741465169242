using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Tunnel.Shared.Observability;

/// <summary>The meters of a service that has no container of its own.</summary>
public sealed class ServiceMeters : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    /// <summary>Makes meters; they end with this.</summary>
    public IMeterFactory Factory => _services.GetRequiredService<IMeterFactory>();

    /// <inheritdoc/>
    public void Dispose() => _services.Dispose();
}
