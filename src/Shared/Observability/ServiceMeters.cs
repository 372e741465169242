using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Tunnel.Shared.Observability;

/// <summary>The meters of a service that has no service container of its own.</summary>
public sealed class ServiceMeters : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    /// <summary>Creates meters, which live until this is disposed.</summary>
    public IMeterFactory Factory => _services.GetRequiredService<IMeterFactory>();

    /// <inheritdoc/>
    public void Dispose() => _services.Dispose();
}
