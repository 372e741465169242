using Tunnel.Shared.Sockets;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Enough descriptors: each client takes one.</summary>
/// <param name="ReadLimit">Asks for the present limit.</param>
internal sealed record DescriptorCheck(Func<DescriptorLimit> ReadLimit) : ICheck
{
    private const long Enough = 65_536;

    public string Name => "descriptors";

    public Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken) => Task.FromResult(Look());

    private CheckResult Look()
    {
        // The service raises the soft limit to the hard one by itself.
        var hard = ReadLimit().Hard;
        return hard >= Enough
            ? new CheckResult(Name, CheckStatus.Ok, hard == int.MaxValue ? "unlimited for this user" : $"{hard} for this user")
            : new CheckResult(
                Name, CheckStatus.Warning, $"{hard} for this user: no more clients than that at once",
                $"systemd: LimitNOFILE={Enough} or more (the unit that comes with the product has it); elsewhere ulimit -Hn");
    }
}
