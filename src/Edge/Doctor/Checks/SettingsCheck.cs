using Tunnel.Shared.Checks;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Shows where the settings come from that all other checks use.</summary>
internal sealed class SettingsCheck(CheckResult found) : IEdgeCheck
{
    public string Name => found.Name;

    public Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken) => Task.FromResult(found);
}
