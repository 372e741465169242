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
    /// <summary>
    /// How long a new connection is tried. Even if the last try is then under way, the old ruleset is back well within 30 s.
    /// </summary>
    internal static readonly TimeSpan ConfirmLimit = TimeSpan.FromSeconds(20);

    internal static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    /// <summary>How often the table is checked for changes by somebody else; a change is mended within 30 s.</summary>
    internal static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(15);

    private readonly FirewallPlanner _planner;
    private readonly FirewallMode _mode;
    private readonly NftTable _table;
    private readonly IHubProbe _probe;
    private readonly BlockEnforcer _blocks;
    private readonly FirewallReporter _reporter;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _lock = new(1, 1);
    private FirewallPlan? _installed;
    private FirewallPlan? _confirmed;
    private string? _rejected;
    private CancellationTokenSource? _confirming;

    public FirewallController(
        FirewallMode mode, FirewallPlanner planner, NftTable table, IHubProbe probe, ISourceBlocker blocker, IPacketFilterObserver observer,
        TimeProvider time, ILogger logger)
    {
        (_mode, _planner, _table, _probe, _time, _logger) = (mode, planner, table, probe, time, logger);
        _blocks = new BlockEnforcer(blocker, planner, time, logger);
        _reporter = new FirewallReporter(planner.ModeName, observer, logger);
    }

    public FirewallStatus Status => _reporter.Status;

    /// <summary>Removes what a killed process left behind. Throws only when cancelled.</summary>
    /// <returns>Why something is left; null when nothing is.</returns>
    public async Task<string?> RemoveLeftoverAsync(CancellationToken cancellationToken)
    {
        (bool Removed, string? Error) result = default;
        var fault = await Defects.TryAsync(
            "removing an old firewall", async () => result = await _table.RemoveLeftoverAsync(cancellationToken), cancellationToken);
        if (result.Removed)
            FirewallLog.LeftoverRemoved(_logger);
        return fault is null ? result.Error : $"unexpected fault: {fault.Message}";
    }

    public async Task ApplyAsync(ImmutableArray<AskingHub> hubs, TunnelConfig config, bool initial, CancellationToken cancellationToken)
    {
        await _lock.WaitAsync(cancellationToken);
        try
        {
            _reporter.Answer(hubs);
            var result = _planner.Plan(config.FirewallConfig, [.. hubs.Select(static hub => hub.Address), .. _probe.KnownAddresses]);
            if (result.Plan is not { } plan)
                Publish(FirewallReport.Refused, result.Notes);
            else if (_mode == FirewallMode.Off)
                Publish(plan.IsEmpty ? FirewallReport.None : FirewallReport.Off, []);
            else
                await ApplyAsync(plan, [.. result.Notes], initial, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The hub is told here; the caller logs the exception and tries again.
            Publish(FirewallReport.Failed, [$"unexpected fault: {e.Message}"]);
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
                if (_installed is { } plan)
                    await MendAsync(plan, cancellationToken);
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

    /// <summary>Takes the protected ports that the edge's operator has changed.</summary>
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
            if (_confirmed is { } confirmed)
                _confirmed = confirmed with { ProtectedPorts = ports };
            if (_installed is { } plan)
                await InstallAsync(plan with { ProtectedPorts = ports }, CancellationToken.None);
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
            EndConfirming();
            var result = await _table.InstallAsync(null, CancellationToken.None);
            if (!result.Succeeded)
                FirewallLog.RemovalFailed(_logger, _table.Name, result.Text);
            _installed = null;
        }
        finally
        {
            _lock.Release();
        }
    }

    public void Dispose()
    {
        _blocks.Dispose();
        EndConfirming();
        _lock.Dispose();
    }

    /// <summary>The number of sources that are blocked now.</summary>
    private int Blocked => _installed?.Blocked(_planner.Now).Count ?? 0;

    private async Task ApplyAsync(FirewallPlan wanted, string[] notes, bool initial, CancellationToken cancellationToken)
    {
        // A new tunnel is another chance, because the hub may just have been down when the connection was tried.
        var again = !initial && wanted.Key == _rejected;
        var plan = again
            ? (_confirmed ?? FirewallPlan.Nothing) with { BlocksUntil = wanted.BlocksUntil, NeverBlocked = wanted.NeverBlocked }
            : wanted;
        EndConfirming();
        var result = await InstallAsync(plan, cancellationToken);
        // With or without the filter, the edge itself lets no blocked source in at its own ports.
        _blocks.Enforce(plan);
        if (!result.Succeeded)
        {
            Publish(result.Outcome == NftOutcome.Unavailable ? FirewallReport.Unavailable : FirewallReport.Failed, [result.Text, .. notes]);
        }
        else if (plan.IsEmpty)
        {
            _confirmed = plan;
            Publish(again ? FirewallReport.RolledBack : FirewallReport.None, again ? [.. Status.Errors] : notes);
        }
        else if (!again && _confirmed is { } confirmed && plan.LetsInTheSameAs(confirmed))
        {
            _confirmed = plan;
            Publish(FirewallReport.Applied, notes);
        }
        else
        {
            var state = again ? FirewallReport.RolledBack : FirewallReport.Applied;
            var errors = again ? [.. Status.Errors] : notes;
            if (!again)
                _reporter.NoteConfirming(notes, Blocked);
            _confirming = new CancellationTokenSource();
            ConfirmAsync(plan, wanted.Key, state, errors, _confirming.Token).Guard("confirming the firewall");
        }
    }

    private async Task<NftResult> InstallAsync(FirewallPlan plan, CancellationToken cancellationToken)
    {
        if (plan.IsEmpty && _installed is null)
            return new NftResult(NftOutcome.Done, "");
        // An update changes only what differs between two plans, so changes by somebody else would stay and count as ours from then on.
        if (_installed is { } before)
            await MendAsync(before, cancellationToken);
        var result = await _table.InstallAsync(plan.IsEmpty ? null : RulesetBuilder.Build(plan, _planner.Now), cancellationToken);
        if (result.Succeeded)
            _installed = plan.IsEmpty ? null : plan;
        return result;
    }

    private async Task MendAsync(FirewallPlan plan, CancellationToken cancellationToken)
    {
        if (await _table.FindDriftAsync(cancellationToken) is not { } drift)
            return;
        var result = await _table.RestoreAsync(RulesetBuilder.Build(plan, _planner.Now), cancellationToken);
        _reporter.TellDrift(_table.Name, drift, result.Succeeded ? null : result.Text, Blocked);
    }

    private async Task ConfirmAsync(FirewallPlan plan, string key, string state, string[] errors, CancellationToken cancellationToken)
    {
        try
        {
            var fault = await TryHubAsync(cancellationToken);
            await _lock.WaitAsync(cancellationToken);
            try
            {
                // Another plan may have come while we waited for the lock.
                cancellationToken.ThrowIfCancellationRequested();
                if (fault is not null)
                {
                    await RollBackAsync(key, fault);
                    return;
                }

                _confirmed = plan;
                if (state == FirewallReport.Applied)
                    _rejected = null;
                Publish(state, errors);
            }
            finally
            {
                _lock.Release();
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // A newer configuration is in force and confirms itself, or the edge stops.
        }
        catch (Exception e)
        {
            Defects.Note("confirming the firewall", e);
            Publish(FirewallReport.Failed, [$"unexpected fault: {e.Message}"]);
        }
    }

    private async Task<string?> TryHubAsync(CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        while (true)
        {
            if (await _probe.TryAsync(cancellationToken) is not { } fault)
                return null;
            if (_time.GetElapsedTime(start) + RetryPause >= ConfirmLimit)
                return fault;
            await Task.Delay(RetryPause, _time, cancellationToken);
        }
    }

    private async Task RollBackAsync(string key, string fault)
    {
        var before = _confirmed ?? FirewallPlan.Nothing;
        var result = await InstallAsync(before, CancellationToken.None);
        if (!result.Succeeded)
        {
            // No filter is better than a machine that its hub can't reach any more.
            FirewallLog.RollBackFailed(_logger, result.Text);
            await InstallAsync(FirewallPlan.Nothing, CancellationToken.None);
        }

        _blocks.Enforce(before);
        _rejected = key;
        FirewallLog.RolledBack(_logger, fault);
        Publish(FirewallReport.RolledBack, [$"no new connection to the hub was possible with it; the previous one is in force: {fault}"]);
    }

    private void Publish(string state, IEnumerable<string> errors) => _reporter.Tell(state, errors, Blocked);

    private void EndConfirming()
    {
        // The source is not disposed, because the task may still read the token.
        Interlocked.Exchange(ref _confirming, null)?.Cancel();
    }
}
