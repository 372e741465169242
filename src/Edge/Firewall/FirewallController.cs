using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Configuration;
using Tunnel.Edge.Refusing;
using Tunnel.Edge.Status;
using Tunnel.Shared.Guarding;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// Applies the hub's firewall, commit-confirmed: after each change a new connection to the hub must succeed; otherwise the last confirmed
/// ruleset is put back automatically. Whatever fails, the edge goes on without it, and tells its log once and the hub.
/// </summary>
internal sealed class FirewallController : IPacketFilter, IDisposable
{
    /// <summary>How long a new connection is tried. Even with a last try under way, the old ruleset is back well within 30 s.</summary>
    internal static readonly TimeSpan ConfirmLimit = TimeSpan.FromSeconds(20);

    internal static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    /// <summary>How often the table is checked for changes by somebody else; a change is mended within 30 s.</summary>
    internal static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(15);

    private readonly FirewallPlanner _planner;
    private readonly FirewallMode _mode;
    private readonly PlanInstaller _installer;
    private readonly IHubProbe _probe;
    private readonly BlockEnforcer _blocks;
    private readonly FirewallReporter _reporter;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _lock = new(1, 1);
    private FirewallPlan? _confirmed;
    private RejectedFirewall? _rejected;
    private FirewallTrial? _trial;

    public FirewallController(
        FirewallMode mode, FirewallPlanner planner, NftTable table, IHubProbe probe, ISourceBlocker blocker, IPacketFilterObserver observer,
        TimeProvider time, ILogger logger)
    {
        (_mode, _planner, _probe, _time, _logger) = (mode, planner, probe, time, logger);
        _blocks = new BlockEnforcer(blocker, planner, time, logger);
        _reporter = new FirewallReporter(planner.ModeName, observer, logger);
        _installer = new PlanInstaller(table, planner, _reporter, logger);
    }

    public FirewallStatus Status => _reporter.Status;

    /// <summary>Removes what a killed process left behind. Throws only when cancelled.</summary>
    /// <returns>Why something is left; null when nothing is.</returns>
    public Task<string?> RemoveLeftoverAsync(CancellationToken cancellationToken) => _installer.RemoveLeftoverAsync(cancellationToken);

    public async Task ApplyAsync(ImmutableArray<AskingHub> hubs, TunnelConfig config, bool initial, CancellationToken cancellationToken)
    {
        await _lock.WaitAsync(cancellationToken);
        try
        {
            _reporter.Answer(hubs);
            var result = _planner.Plan(
                config.FirewallConfig, [.. hubs.Select(static hub => hub.Address), .. _probe.KnownAddresses],
                AskingHub.BlocksInForce(hubs));
            if (result.Plan is not { } plan)
                Decline(FirewallReport.Refused, [.. result.Notes]);
            else if (_mode == FirewallMode.Off)
                Publish(plan.IsEmpty ? FirewallReport.None : FirewallReport.Off, []);
            else
                await ApplyAsync(plan, [.. result.Notes], initial, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The hub is told here; the caller logs the exception and tries again.
            Decline(FirewallReport.Failed, [$"unexpected fault: {e.Message}"]);
            throw;
        }
        finally
        {
            _lock.Release();
        }
    }

    public void TellHubs(ImmutableArray<AskingHub> hubs) => _reporter.TellNew(hubs);

    /// <summary>Checks regularly, until cancelled, whether somebody has changed, flushed or removed our table, and puts it back.</summary>
    public async Task WatchAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(WatchInterval, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            await _lock.WaitAsync(cancellationToken);
            try
            {
                // What is to be taken back is not put back.
                if (_trial is not { IsStuck: true })
                    await _installer.MendAsync(cancellationToken);
                await _installer.ProtectAsync(isNew: false, cancellationToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                Defects.Note("looking after the firewall", e);
            }
            finally
            {
                _lock.Release();
            }
        }
    }

    /// <summary>
    /// Takes the protected ports that the edge's operator has changed. What can't be changed now is tried again by
    /// <see cref="WatchAsync"/>.
    /// </summary>
    public async Task ChangeProtectedPortsAsync(ImmutableArray<int> ports)
    {
        try
        {
            await _lock.WaitAsync();
        }
        catch (ObjectDisposedException)
        {
            return;
        }

        try
        {
            _planner.ProtectedPorts = ports;
            await _installer.ProtectAsync(isNew: true, CancellationToken.None);
        }
        finally
        {
            _lock.Release();
        }
    }

    /// <summary>Removes the table. Must follow the last configuration that was applied.</summary>
    public async Task RemoveAsync()
    {
        await _lock.WaitAsync();
        try
        {
            EndTrial();
            await _installer.RemoveAsync();
        }
        finally
        {
            _lock.Release();
        }
    }

    public void Dispose()
    {
        _blocks.Dispose();
        EndTrial();
        _lock.Dispose();
    }

    private async Task ApplyAsync(FirewallPlan wanted, string[] notes, bool initial, CancellationToken cancellationToken)
    {
        // A new tunnel is another chance, because the hub may just have been down when the connection was tried.
        var rejected = !initial && _rejected?.Key == wanted.Key ? _rejected : null;
        var plan = rejected is null
            ? wanted
            : (_confirmed ?? FirewallPlan.Nothing) with { BlocksUntil = wanted.BlocksUntil, NeverBlocked = wanted.NeverBlocked };
        var result = await _installer.InstallAsync(plan, cancellationToken);
        // With or without the filter, the edge itself lets no blocked source in at its own ports.
        _blocks.Enforce(plan);
        if (!result.Succeeded)
        {
            Decline(result.Outcome == NftOutcome.Unavailable ? FirewallReport.Unavailable : FirewallReport.Failed, [result.Text, .. notes]);
        }
        else if (plan.IsEmpty)
        {
            EndTrial();
            _confirmed = plan;
            Publish(rejected is null ? FirewallReport.None : FirewallReport.RolledBack, rejected is null ? notes : [rejected.Why]);
        }
        else if (rejected is null && _confirmed is { } confirmed && plan.LetsInTheSameAs(confirmed))
        {
            EndTrial();
            _confirmed = plan;
            Publish(FirewallReport.Applied, notes);
        }
        else
        {
            Try(plan, wanted.Key, rejected, notes, initial);
        }
    }

    private void Try(FirewallPlan plan, string key, RejectedFirewall? rejected, string[] notes, bool initial)
    {
        var answer = rejected is null ? (FirewallReport.Applied, notes) : (FirewallReport.RolledBack, [rejected.Why]);
        if (rejected is null)
            _reporter.NoteConfirming(notes, _installer.Blocked);
        // Whoever repeats what is on trial does not prolong it.
        if (!initial && _trial is { } trial && trial.IsRetreat == (rejected is not null) && plan.LetsInTheSameAs(trial.Plan))
        {
            (trial.Plan, trial.Answer) = (plan, answer);
            return;
        }

        EndTrial();
        _trial = new FirewallTrial(key, isRetreat: rejected is not null, _time.GetTimestamp()) { Plan = plan, Answer = answer };
        ConfirmAsync(_trial).Guard("confirming the firewall");
    }

    // What is on trial goes on within its time, whatever came after it: it may be what cuts the hub off.
    private void Decline(string state, string[] errors)
    {
        _trial?.Decline(state, errors);
        Publish(state, errors);
    }

    private async Task ConfirmAsync(FirewallTrial trial)
    {
        try
        {
            while (!await EndAsync(trial))
                await Task.Delay(WatchInterval, _time, trial.Ended);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // A newer configuration is in force and confirms itself, or the edge stops.
        }
    }

    /// <returns>Whether the trial has ended; false when its ruleset is neither confirmed nor taken back.</returns>
    private async Task<bool> EndAsync(FirewallTrial trial)
    {
        var fault = await trial.TryHubAsync(_probe, _time);
        await _lock.WaitAsync(trial.Ended);
        try
        {
            // Another plan may have come while we waited for the lock.
            trial.Ended.ThrowIfCancellationRequested();
            if (fault is null)
                Confirm(trial);
            else if (!await RollBackAsync(trial, fault))
                return false;
            _trial = null;
            return true;
        }
        catch (Exception e) when (e is not (OperationCanceledException or ObjectDisposedException))
        {
            Defects.Note("confirming the firewall", e);
            Publish(FirewallReport.Failed, [$"unexpected fault: {e.Message}"]);
            return false;
        }
        finally
        {
            _lock.Release();
        }
    }

    private void Confirm(FirewallTrial trial)
    {
        _confirmed = trial.Plan;
        if (!trial.IsRetreat)
            _rejected = null;
        Publish(trial.Answer.State, trial.Answer.Errors);
    }

    /// <returns>Whether what cut off the hub is no longer in force.</returns>
    private async Task<bool> RollBackAsync(FirewallTrial trial, string fault)
    {
        var before = _confirmed ?? FirewallPlan.Nothing;
        _rejected = new RejectedFirewall(
            trial.Key, $"no new connection to the hub was possible with it; the previous one is in force: {fault}");
        var result = await _installer.InstallAsync(before, CancellationToken.None);
        // No filter is better than a machine that its hub can't reach any more.
        var removal = result.Succeeded ? result : await _installer.InstallAsync(FirewallPlan.Nothing, CancellationToken.None);
        // The edge's own ports keep out whom a later firewall blocks, though the filter could not be changed for it.
        if (removal.Succeeded && trial.Declined.Length == 0)
            _blocks.Enforce(before);
        if (result.Succeeded)
        {
            FirewallLog.RolledBack(_logger, fault);
            Publish(FirewallReport.RolledBack, [_rejected.Why, .. trial.Declined]);
            return true;
        }

        TellStuck(trial, removal.Succeeded
            ? $"no new connection to the hub was possible with it ({fault}), and the previous one could not be put back, so none is in "
                + $"force: {result.Text}"
            : $"no new connection to the hub was possible with it ({fault}), and it is still in force, since neither the previous one "
                + $"could be put back nor the table removed: {removal.Text}");
        return removal.Succeeded;
    }

    private void TellStuck(FirewallTrial trial, string why)
    {
        if (!trial.IsStuck)
            FirewallLog.RollBackFailed(_logger, why);
        trial.IsStuck = true;
        Publish(FirewallReport.Failed, [why, .. trial.Declined]);
    }

    private void Publish(string state, IEnumerable<string> errors) => _reporter.Tell(state, errors, _installer.Blocked);

    private void EndTrial() => Interlocked.Exchange(ref _trial, null)?.End();
}
