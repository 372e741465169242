using System.Globalization;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Hub.Traffic;

namespace Tunnel.Hub.Status;

/// <summary>Says how well a port is, in a few words.</summary>
internal static class PortHealth
{
    public static (Health Health, string Word) Of(PortStatus port) => port switch
    {
        { Listening: false } => (Health.Bad, "not bound"),
        { Healthy: false } => (Health.Bad, "target fails"),
        _ when TargetsDown(port).Count() is > 0 and var down =>
            (Health.Warn, string.Create(CultureInfo.InvariantCulture, $"{down} of {port.Targets.Length} targets down")),
        { Doubt: not null } => (Health.Warn, "header in doubt"),
        _ => (Health.Good, "open"),
    };

    /// <summary>The targets of a port that get no clients; a hub before there were pools says nothing of them.</summary>
    public static IEnumerable<TargetStatus> TargetsDown(PortStatus port) =>
        port.Targets.IsDefaultOrEmpty ? [] : port.Targets.Where(target => target.State != TargetState.Up);
}
