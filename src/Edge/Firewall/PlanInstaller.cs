using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// Puts plans into our table in the kernel, and keeps there what is in force: against changes by somebody else, and with the protected
/// ports of now. Used under the controller's lock.
/// </summary>
internal sealed class PlanInstaller(NftTable table, FirewallPlanner planner, FirewallReporter reporter, ILogger logger)
{
    private bool _isPortsFaultTold;

    /// <summary>What is in force; null when there is no table of ours.</summary>
    public FirewallPlan? Installed { get; private set; }

    /// <summary>The number of sources that are blocked now.</summary>
    public int Blocked => Installed?.Blocked(planner.Now).Count ?? 0;

    /// <summary>Installs a plan with the protected ports of now, which may have changed since it was made.</summary>
    public async Task<NftResult> InstallAsync(FirewallPlan plan, CancellationToken cancellationToken)
    {
        if (plan.IsEmpty && Installed is null)
            return new NftResult(NftOutcome.Done, "");
        plan = plan with { ProtectedPorts = planner.ProtectedPorts };
        // An update changes only what differs between two plans, so changes by somebody else would stay and count as ours from then on.
        await MendAsync(cancellationToken);
        var result = await table.InstallAsync(plan.IsEmpty ? null : RulesetBuilder.Build(plan, planner.Now), cancellationToken);
        if (result.Succeeded)
            Installed = plan.IsEmpty ? null : plan;
        return result;
    }

    /// <summary>Puts back what somebody else has changed, and tells it.</summary>
    public async Task MendAsync(CancellationToken cancellationToken)
    {
        if (Installed is not { } plan || await table.FindDriftAsync(cancellationToken) is not { } drift)
            return;
        var result = await table.RestoreAsync(RulesetBuilder.Build(plan, planner.Now), cancellationToken);
        reporter.TellDrift(table.Name, drift, result.Succeeded ? null : result.Text, Blocked);
    }

    /// <summary>Installs the protected ports that the edge's operator has changed, unless what is in force has them already.</summary>
    /// <param name="isNew">Whether they have changed just now: then a failure is told, and otherwise it was before.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task ProtectAsync(bool isNew, CancellationToken cancellationToken)
    {
        _isPortsFaultTold &= !isNew;
        if (Installed is not { } plan || plan.ProtectedPorts.AsSpan().SequenceEqual(planner.ProtectedPorts.AsSpan()))
            return;
        var result = await InstallAsync(plan, cancellationToken);
        if (result.Succeeded || _isPortsFaultTold)
            return;
        _isPortsFaultTold = true;
        FirewallLog.PortsNotProtected(logger, result.Text);
    }

    /// <summary>Removes the table.</summary>
    public async Task RemoveAsync()
    {
        var result = await table.InstallAsync(null, CancellationToken.None);
        if (!result.Succeeded)
            FirewallLog.RemovalFailed(logger, table.Name, result.Text);
        Installed = null;
    }

    /// <summary>Removes what a killed process left behind. Throws only when cancelled.</summary>
    /// <returns>Why something is left; null when nothing is.</returns>
    public async Task<string?> RemoveLeftoverAsync(CancellationToken cancellationToken)
    {
        (bool Removed, string? Error) result = default;
        var fault = await Defects.TryAsync(
            "removing an old firewall", async () => result = await table.RemoveLeftoverAsync(cancellationToken), cancellationToken);
        if (result.Removed)
            FirewallLog.LeftoverRemoved(logger);
        return fault is null ? result.Error : $"unexpected fault: {fault.Message}";
    }
}
