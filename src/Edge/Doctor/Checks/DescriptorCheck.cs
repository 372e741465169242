using Tunnel.Shared.Checks;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Checks that there are enough file descriptors, since each client takes one.</summary>
/// <param name="ReadLimit">Asks the running service for its limit, since a shell's own limit says nothing about it; null when none
/// runs.</param>
internal sealed record DescriptorCheck(Func<CancellationToken, Task<long?>> ReadLimit) : IEdgeCheck
{
    private const long Enough = 65_536;

    public string Name => "descriptors";

    public async Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken) =>
        await ReadLimit(cancellationToken) switch
        {
            null =>
                new CheckResult(Name, CheckStatus.Skipped, "no running service tells its limit; with systemd it is the unit's LimitNOFILE"),
            int.MaxValue => new CheckResult(Name, CheckStatus.Ok, "unlimited for the service"),
            >= Enough and var limit => new CheckResult(Name, CheckStatus.Ok, $"{limit} for the service"),
            { } limit => new CheckResult(
                Name, CheckStatus.Warning, $"{limit} for the service: no more clients than that at once",
                $"systemd: LimitNOFILE={Enough} or more (the unit that comes with the product has it); elsewhere ulimit -Hn where it is "
                    + "started"),
        };
}
