using Tunnel.Shared.Checks;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Doctor;

/// <summary>Checks that the hub answers and that none of its parts stands still.</summary>
internal sealed class ServiceCheck : ICheck<HubDoctorContext>
{
    public string Name => "service";

    public Task<CheckResult> RunAsync(HubDoctorContext context, CancellationToken cancellationToken) =>
        Task.FromResult(context.NotReady is { } fault
        ? new CheckResult(Name, CheckStatus.Failed, fault, "its log says since when; systemctl restart tunnel-hub starts it again")
        : new CheckResult(
            Name, CheckStatus.Ok,
            $"tunnel-hub {context.Status.Version} runs since {(context.Status.Since is { } since ? TimeText.Format(since) : "?")} and is "
            + "ready"));
}
