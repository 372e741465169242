using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tunnel.Edge.Status;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Edge.Firewall;

/// <summary>
/// Reports what became of a firewall: to the status at once, to the log and the observer once, and to all hubs. Only one caller at a time
/// may report; any thread may read the status, and say which hubs there are.
/// </summary>
internal sealed class FirewallReporter(string mode, IPacketFilterObserver observer, ILogger logger)
{
    private const string Confirming = "confirming";

    // A log line is for people, so it has only the first errors; the hub gets all of them.
    private const int MaxLogged = 3;

    // A hub is told this when its firewall is not the one in force.
    private const string Behind = "another hub of this edge has a newer configuration";

    private readonly Lock _lock = new();
    private ImmutableArray<AskingHub> _hubs = [];
    private FirewallStatus? _beforeFailure;
    private FirewallDrift? _drift;
    private FirewallDrift? _untold;
    private volatile FirewallStatus _status = new() { State = FirewallReport.None, Mode = mode };

    public FirewallStatus Status => _status;

    /// <summary>Sets the hubs and their configurations' revisions that later reports answer; the first is the one in force.</summary>
    public void Answer(ImmutableArray<AskingHub> hubs)
    {
        lock (_lock)
            _hubs = hubs;
    }

    /// <summary>Does the same, and tells those that are new what is in force; while that is being confirmed, with all others.</summary>
    public void TellNew(ImmutableArray<AskingHub> hubs)
    {
        lock (_lock)
        {
            var known = _hubs;
            _hubs = hubs;
            // A hub that never asked for a firewall is told nothing about it.
            if (_status is { State: not (Confirming or FirewallReport.None) } status)
            {
                foreach (var hub in hubs.Except(known))
                    Send(hub, status);
            }
        }
    }

    /// <summary>
    /// Notes that the firewall is in force, without telling anybody: whether the hub can still be reached is not known yet.
    /// </summary>
    public void NoteConfirming(IEnumerable<string> notes, int blocked) => _status = Describe(Confirming, notes, blocked);

    public void Tell(string state, IEnumerable<string> errors, int blocked)
    {
        var before = _status;
        _beforeFailure = null;
        var status = _status = Describe(state, errors, blocked);
        var isNews = before.State != state || !before.Errors.AsSpan().SequenceEqual(status.Errors.AsSpan());
        if (isNews)
            Log(status);
        // A hub that never asked for a firewall is told nothing about it.
        if (!isNews && state == FirewallReport.None)
            return;
        Send(status);
        observer.OnFirewallChanged(_hubs[0].Revision, status);
    }

    /// <summary>Reports that somebody else has changed what is in force.</summary>
    /// <param name="table">The name of the table.</param>
    /// <param name="what">What was found, in words.</param>
    /// <param name="error">Why it could not be put back; null when it was.</param>
    /// <param name="blocked">How many sources are blocked.</param>
    public void TellDrift(string table, string what, string? error, int blocked)
    {
        // What can't be mended is tried again for ever, but reported only once.
        var isNews = error is null || _drift is not { Mended: false } || !_status.Errors.AsSpan().SequenceEqual([error]);
        var sound = _beforeFailure ?? _status;
        _drift = new FirewallDrift((_drift?.Count ?? 0) + (isNews ? 1 : 0), what, Mended: error is null);
        _beforeFailure = error is null ? null : sound;
        var status = _status = error is null
            ? Describe(sound.State, sound.Errors, blocked)
            : Describe(FirewallReport.Failed, [error], blocked);
        if (!isNews)
            return;
        if (error is null)
            FirewallLog.DriftMended(logger, table, what);
        else
            FirewallLog.DriftNotMended(logger, table, what, error);
        _untold = _drift;
        // While a ruleset is being confirmed, the hub is told only after the confirmation.
        if (status.State != Confirming)
            Send(status);
        observer.OnFirewallDrifted(_drift);
    }

    private void Send(FirewallStatus status)
    {
        lock (_lock)
        {
            foreach (var hub in _hubs)
                Send(hub, status);
            _untold = null;
        }
    }

    private void Send(AskingHub hub, FirewallStatus status) => hub.Tunnel.SendReport(new Report
    {
        Kind = Report.Firewall,
        Rev = hub.Revision,
        FirewallState = new FirewallReport
        {
            State = hub.IsInForce ? status.State : FirewallReport.Failed,
            Mode = mode,
            Errors = FirewallReport.Cut(hub.IsInForce ? status.Errors : [Behind]),
            Drift = _untold,
        },
    });

    private FirewallStatus Describe(string state, IEnumerable<string> errors, int blocked) => new()
    {
        State = state,
        Mode = mode,
        Errors = [.. errors],
        Blocked = blocked,
        Drift = _drift,
    };

    private void Log(FirewallStatus status)
    {
        var errors = string.Join("; ", status.Errors.Take(MaxLogged));
        switch (status.State)
        {
            case FirewallReport.Unavailable:
                FirewallLog.Unavailable(logger, errors);
                break;
            case FirewallReport.Refused or FirewallReport.Failed:
                FirewallLog.NotApplied(logger, status.State, errors);
                break;
            case FirewallReport.Off:
                FirewallLog.SwitchedOff(logger);
                break;
            case FirewallReport.Applied or FirewallReport.None:
                FirewallLog.Applied(logger, status.Blocked, errors);
                break;
        }
    }
}
