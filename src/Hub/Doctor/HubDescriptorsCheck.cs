using System.Globalization;
using Tunnel.Shared.Checks;

namespace Tunnel.Hub.Doctor;

/// <summary>Checks that the service has descriptors left, since each stream and UDP session takes one.</summary>
internal sealed class HubDescriptorsCheck : ICheck<HubDoctorContext>
{
    private const long Enough = 65_536;

    public string Name => "descriptors";

    public Task<CheckResult> RunAsync(HubDoctorContext context, CancellationToken cancellationToken) => Task.FromResult(Look(context));

    private CheckResult Look(HubDoctorContext context)
    {
        var limit = context.Status.DescriptorLimit;
        var used = Read(context.Metrics, "tunnel_descriptors_used");
        var shown = used is { } known ? $"{known} of {limit} of the service are in use" : $"{limit} for the service";
        if (used > limit * 9 / 10)
        {
            return new CheckResult(
                Name, CheckStatus.Failed, $"{shown}: new streams are refused", "raise LimitNOFILE of the unit, and restart the hub");
        }

        return limit >= Enough
            ? new CheckResult(Name, CheckStatus.Ok, shown)
            : new CheckResult(
                Name, CheckStatus.Warning, shown,
                $"LimitNOFILE={Enough} or more in the unit (the one that comes with the product has it); elsewhere ulimit -Hn where it "
                + "is started");
    }

    private static long? Read(string metrics, string name)
    {
        var line = metrics.Split('\n').FirstOrDefault(text => text.StartsWith(name + " ", StringComparison.Ordinal));
        return long.TryParse(line?[(name.Length + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
    }
}
