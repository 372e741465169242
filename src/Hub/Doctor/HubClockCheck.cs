using Tunnel.Shared.Checks;

namespace Tunnel.Hub.Doctor;

/// <summary>Checks that the clock is right, since secrets and certificates expire by it.</summary>
/// <param name="isSynchronized">Returns whether the kernel's clock is synchronized (adjtimex(2)); null when that is unknown.</param>
/// <param name="time">The clock.</param>
internal sealed class HubClockCheck(Func<bool?> isSynchronized, TimeProvider time) : ICheck<HubDoctorContext>
{
    public string Name => "clock";

    public Task<CheckResult> RunAsync(HubDoctorContext context, CancellationToken cancellationToken) => Task.FromResult(Look(context));

    private CheckResult Look(HubDoctorContext context)
    {
        var now = $"{time.GetUtcNow():u}";
        if (context.IsElsewhere)
            return new CheckResult(Name, CheckStatus.Skipped, "it is on the hub's machine");
        return isSynchronized() switch
        {
            true => new CheckResult(Name, CheckStatus.Ok, $"{now}, synchronized"),
            false => new CheckResult(
                Name, CheckStatus.Warning, $"{now}, but nothing keeps it right",
                "install and start chrony or systemd-timesyncd, then timedatectl status; in a virtual machine the host may do it"),
            null => new CheckResult(Name, CheckStatus.Skipped, $"{now}; whether it is kept right can't be told here"),
        };
    }
}
