using Tunnel.Shared.Checks;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Checks that the clock is right, since certificates and logs depend on it.</summary>
/// <param name="IsSynchronized">Whether something keeps the kernel's clock synchronized (adjtimex(2)); null when that can't be
/// told.</param>
/// <param name="Time">The clock.</param>
internal sealed record ClockCheck(Func<bool?> IsSynchronized, TimeProvider Time) : IEdgeCheck
{
    private const string Advice =
        "install and start chrony or systemd-timesyncd, then timedatectl status; in a virtual machine the host may do it";

    public string Name => "clock";

    public Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken) => Task.FromResult(Look(context));

    private CheckResult Look(DoctorContext context)
    {
        var now = Time.GetUtcNow().UtcDateTime;
        foreach (var hub in context.Hubs)
        {
            if (hub.CertificateValidity is not { } valid || (now >= valid.From && now <= valid.To))
                continue;
            // With pins the dates of the certificate do not matter, so the tunnel works all the same.
            var status = hub.Options.Pins.IsDefaultOrEmpty ? CheckStatus.Failed : CheckStatus.Warning;
            return new CheckResult(
                Name, status, $"{now:u} is outside of the hub's certificate's time ({valid.From:u} to {valid.To:u})", Advice);
        }

        return IsSynchronized() switch
        {
            true => new CheckResult(Name, CheckStatus.Ok, $"{now:u}, synchronized"),
            false => new CheckResult(Name, CheckStatus.Warning, $"{now:u}, but nothing keeps it right", Advice),
            null => new CheckResult(Name, CheckStatus.Skipped, $"{now:u}; whether it is kept right can't be told here"),
        };
    }
}
