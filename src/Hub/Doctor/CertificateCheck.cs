using Tunnel.Hub.Certificates;
using Tunnel.Hub.Status;
using Tunnel.Shared.Checks;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Doctor;

/// <summary>Checks that the certificate stays valid for a while, and that edges know the next one.</summary>
internal sealed class CertificateCheck(TimeProvider time) : ICheck<HubDoctorContext>
{
    public string Name => "certificate";

    public Task<CheckResult> RunAsync(HubDoctorContext context, CancellationToken cancellationToken) =>
        Task.FromResult(Look(context.Certificate));

    private CheckResult Look(CertificateStatus certificate)
    {
        var now = time.GetUtcNow();
        var left = certificate.Expires - now;
        var end = $"it {CertificateEnd.Describe(certificate.Expires, now)}";
        if (left <= TimeSpan.Zero)
        {
            return new CheckResult(
                Name, CheckStatus.Failed, $"{end}: edges without pins, and other clients of the API, refuse it", Advice);
        }

        if (left < CertificateEnd.Soon)
            return new CheckResult(Name, CheckStatus.Warning, end, Advice);
        var shown = $"valid for {TimeText.Format(left)}, pin {certificate.Pin}";
        return certificate.NextPin is not null && !certificate.EdgesNotTold.IsEmpty
            ? new CheckResult(
                Name, CheckStatus.Warning, $"{shown}; the next one is not known to {string.Join(", ", certificate.EdgesNotTold)}",
                "wait until they have been connected, then tunnel-hub certificate switch; or give them new tokens")
            : new CheckResult(Name, CheckStatus.Ok, shown);
    }

    private const string Advice =
        "replace the files of tls.certPem and tls.keyPem, or make the hub's own anew: tunnel-hub certificate next, then switch";
}
