using System.Globalization;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Status;

/// <summary>Describes pools and their targets for people.</summary>
internal static class TargetText
{
    /// <summary>Returns a line for each target that does not work, or does not have its whole weight.</summary>
    public static IEnumerable<string> Faults(PortStatus port) =>
        from target in port.Targets
        where target.State != TargetState.Up || target.Share < 100
        select $"{port.EdgeId} {port.Proto}/{port.Port}: {Line(target)}";

    /// <summary>Returns a line for each target of a port.</summary>
    public static IEnumerable<string> Lines(PortStatus port) =>
        port.Targets.Select(target => $"{port.Proto}/{port.Port}: {Line(target)}");

    /// <summary>Describes one target: <c>10.0.0.7:443 down since 2026-11-29T12:03:00Z: connect time-out, 3 of 3 checks</c>.</summary>
    public static string Line(TargetStatus target)
    {
        var text = $"{target.Target}{(target.Host is { } host ? $" ({host})" : "")}{(target.Route is { } name ? $" for {name}" : "")}"
            + $" {Word(target)}";
        if (target.Since is { } since && target.State != TargetState.Up)
            text += $" since {TimeText.Format(since)}";
        return target.Reason is { } reason && target.State != TargetState.Up
            ? $"{text}: {reason}"
            : $"{text}, {Number(target.ActiveConnections)} open, {Number(target.TotalConnections)} in all";
    }

    /// <summary>The word of a target's state.</summary>
    public static string Word(TargetStatus target) => target.State switch
    {
        TargetState.Down => "down",
        TargetState.BreakerOpen => "out",
        TargetState.BreakerHalfOpen => "on trial",
        _ when target.Share < 100 => $"coming back with {Number(target.Share)} % of its weight",
        _ => target.Backup ? "up (backup)" : "up",
    };

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
