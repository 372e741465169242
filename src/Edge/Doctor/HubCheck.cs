using Tunnel.Shared.Checks;

namespace Tunnel.Edge.Doctor;

/// <summary>A check of the way to one of several hubs.</summary>
/// <param name="check">The check.</param>
/// <param name="hub">The edge with that hub.</param>
internal sealed class HubCheck(IEdgeCheck check, DoctorContext hub) : IEdgeCheck
{
    public string Name => check.Name;

    public string? Subject => $"{hub.Options.HubHost}:{hub.Options.HubPort}";

    public Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken) => check.RunAsync(hub, cancellationToken);
}
