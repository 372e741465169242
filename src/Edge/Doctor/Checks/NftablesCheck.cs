using Tunnel.Shared.Checks;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Checks that the firewall has what it needs: the program nft, and the right to use it.</summary>
/// <param name="FindProgram">Returns the path of a program; null when there is none.</param>
/// <param name="EffectiveCapabilities">Returns the line CapEff of proc(5) as a bit mask.</param>
internal sealed record NftablesCheck(Func<string, string?> FindProgram, Func<ulong> EffectiveCapabilities) : IEdgeCheck
{
    private const int NetAdmin = 12;

    public string Name => "nftables";

    public Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken) => Task.FromResult(Look());

    private CheckResult Look()
    {
        if (FindProgram("nft") is not { } path)
        {
            return new CheckResult(
                Name, CheckStatus.Warning, "nft is not installed: firewall rules of the hub are not applied here",
                "apt install nftables, if the hub has firewall rules for this edge");
        }

        return (EffectiveCapabilities() & (1ul << NetAdmin)) != 0
            ? new CheckResult(Name, CheckStatus.Ok, $"{path}, and the right to use it")
            : new CheckResult(Name, CheckStatus.Warning, $"{path}, but no right to use it: firewall rules of the hub are not applied here",
                "give the service CAP_NET_ADMIN (systemd: AmbientCapabilities=CAP_NET_ADMIN), if the hub has firewall rules for this "
                    + "edge; or run this check as the service's user");
    }
}
