using Microsoft.Extensions.Logging;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Firewall;

/// <summary>Tells what became of a firewall: the status at once, the log and the observer once, and the hub that sent it. One caller at a time; anybody reads.</summary>
internal sealed class FirewallReporter(string mode, IPacketFilterObserver observer, ILogger logger)
{
    // A log line is for people; the hub gets them all.
    private const int MaxLogged = 3;

    private ITunnel? _tunnel;
    private long _revision;
    private volatile FirewallStatus _status = new() { State = FirewallReport.None, Mode = mode };

    public FirewallStatus Status => _status;

    /// <summary>From now on it is this configuration that is answered.</summary>
    public void Answer(ITunnel tunnel, long revision) => (_tunnel, _revision) = (tunnel, revision);

    /// <summary>It is in force, but whether the hub can still be reached is not known yet: nobody is told.</summary>
    public void NoteConfirming(IEnumerable<string> notes, int blocked) => _status = Describe("confirming", notes, blocked);

    public void Tell(string state, IEnumerable<string> errors, int blocked)
    {
        FirewallStatus before = _status;
        FirewallStatus status = _status = Describe(state, errors, blocked);
        bool isNews = before.State != state || !before.Errors.AsSpan().SequenceEqual(status.Errors.AsSpan());
        if (isNews)
            Log(status);
        // A hub that never asked for a firewall hears nothing of it.
        if (!isNews && state == FirewallReport.None)
            return;
        _tunnel!.SendReport(new Report
        {
            Kind = Report.Firewall,
            Rev = _revision,
            FirewallState = new FirewallReport { State = state, Mode = mode, Errors = FirewallReport.Cut(status.Errors) },
        });
        observer.OnFirewallChanged(_revision, status);
    }

    private FirewallStatus Describe(string state, IEnumerable<string> errors, int blocked) => new()
    {
        State = state,
        Mode = mode,
        Errors = [.. errors],
        Blocked = blocked,
    };

    private void Log(FirewallStatus status)
    {
        string errors = string.Join("; ", status.Errors.Take(MaxLogged));
        switch (status.State)
        {
            case FirewallReport.Unavailable:
                logger.Unavailable(errors);
                break;
            case FirewallReport.Refused or FirewallReport.Failed:
                logger.NotApplied(status.State, errors);
                break;
            case FirewallReport.Off:
                logger.SwitchedOff();
                break;
            case FirewallReport.Applied or FirewallReport.None:
                logger.Applied(status.Blocked, errors);
                break;
        }
    }
}
