using Tunnel.Shared.Checks;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Where the settings come from that everything else is checked with.</summary>
internal sealed class SettingsCheck(CheckResult found) : ICheck
{
    public string Name => found.Name;

    public Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken) => Task.FromResult(found);
}
