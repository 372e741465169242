using System.Globalization;
using Tunnel.Hub.Status;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Dashboard;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Top;

/// <summary>One target of a port as a line of the list.</summary>
/// <param name="Port">The port.</param>
/// <param name="Target">The target.</param>
internal sealed record TargetRow(PortStatus Port, TargetStatus Target)
{
    /// <summary>The name that tells it from all others, into which the filter looks.</summary>
    public string Name => $"{Port.EdgeId} {PortLines.Name(Port)} {Target.Route} {Target.Target} {Target.Host}";
}

/// <summary>The list of targets: their health, and whether a breaker keeps clients from them.</summary>
internal static class TargetLines
{
    public static readonly Column<TargetRow>[] Columns =
    [
        new("EDGE", 14, (row, _) => (row.Port.EdgeId, Ink.Plain)) { Most = 64 },
        new("PORT", 11, (row, _) => (PortLines.Name(row.Port), Ink.Plain)),
        new("TARGET", 21, (row, _) => (row.Target.Target, Ink.Bold)) { Most = 47 },
        new("STATE", 14, (row, _) => State(row.Target)) { Most = 24, Sort = (a, b) => HealthOf(a.Target).CompareTo(HealthOf(b.Target)) },
        new("SINCE", 6, (row, _) => (Since(row.Target), Ink.Plain)) { ToRight = true, Rank = 5 },
        new("OPEN", 6, (row, _) => (Number(row.Target.ActiveConnections), Ink.Plain))
        {
            ToRight = true, Rank = 4, Sort = (a, b) => b.Target.ActiveConnections.CompareTo(a.Target.ActiveConnections),
        },
        new("EVER", 8, (row, _) => (Number(row.Target.TotalConnections), Ink.Plain)) { ToRight = true, Rank = 6 },
        new("FAILED", 8, (row, _) => (Number(row.Target.FailedConnections), row.Target.FailedConnections > 0 ? Ink.Warn : Ink.Dim))
        {
            ToRight = true, Rank = 3, Sort = (a, b) => b.Target.FailedConnections.CompareTo(a.Target.FailedConnections),
        },
        new("WHY", 0, (row, _) => (row.Target.Reason ?? "", Ink.Plain)) { Rank = 1 },
    ];

    /// <summary>The targets of all ports that have more than one place to go, those in trouble first.</summary>
    public static IEnumerable<TargetRow> Of(IEnumerable<PortStatus> ports) =>
        ports.SelectMany(port => (port.Targets.IsDefault ? [] : port.Targets).Select(target => new TargetRow(port, target)))
            .OrderBy(row => HealthOf(row.Target));

    private static (string Text, Ink Ink) State(TargetStatus target) => Marks.Of(HealthOf(target), TargetText.Word(target));

    private static Health HealthOf(TargetStatus target) => target.State switch
    {
        TargetState.Up => target.Share < 100 ? Health.Warn : Health.Good,
        TargetState.BreakerHalfOpen => Health.Warn,
        _ => Health.Bad,
    };

    private static string Since(TargetStatus target) =>
        target.Since is { } since ? TimeText.Format(DateTimeOffset.UtcNow - since) : "-";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
