using Tunnel.Shared.Checks;

namespace Tunnel.Hub.Doctor;

/// <summary>Checks that the certificates of ports can be used and stay valid for a while.</summary>
internal sealed class PortCertificatesCheck(TimeProvider time) : ICheck<HubDoctorContext>
{
    public string Name => "certificates";

    public Task<CheckResult> RunAsync(HubDoctorContext context, CancellationToken cancellationToken) => Task.FromResult(Look(context));

    private CheckResult Look(HubDoctorContext context)
    {
        var (now, all) = (time.GetUtcNow(), context.Status.PortCertificates);
        if (all.IsEmpty)
            return new CheckResult(Name, CheckStatus.Skipped, "TLS ends at no port");
        var alarms = all.Where(certificate => certificate.IsAlarm(now)).ToArray();
        return alarms.Length == 0
            ? new CheckResult(Name, CheckStatus.Ok, $"{all.Length} of ports can be used and end in more than 14 days")
            : new CheckResult(
                Name,
                alarms.Any(certificate => certificate.IsBroken(now)) ? CheckStatus.Failed : CheckStatus.Warning,
                string.Join("; ", alarms.Select(certificate => $"{certificate.EdgeId} {certificate.Describe(now)}")),
                "put a new certificate and its key into the files; the hub takes them within seconds, and a line of its log says so");
    }
}
