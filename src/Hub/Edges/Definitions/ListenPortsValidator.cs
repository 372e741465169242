using System.Collections.Immutable;
using System.Globalization;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>Checks the ports that an edge is to listen on. Never expands a range: a hostile one may have two billion ports.</summary>
internal static class ListenPortsValidator
{
    private const int MaxPort = 65535;

    public static void Check(EdgeDefinition edge, string path, EdgeSetFaults faults)
    {
        CheckList(edge.ListenPorts, $"{path}.listenPorts", udp: false, faults);
        CheckList(edge.ListenPortsUdp, $"{path}.listenPortsUdp", udp: true, faults);

        var total = EdgeSetValidator.CountPorts([edge]);
        if (total > EdgeSetValidator.MaxPortsPerEdge)
        {
            faults.Errors.Add(
                $"{path}.listenPorts",
                $"{total} ports",
                $"an edge may have at most {EdgeSetValidator.MaxPortsPerEdge} ports, TCP and UDP together; split them over several edges");
        }
    }

    /// <summary>Checks one port or range, by itself and in addition to the ports of an edge.</summary>
    public static void CheckOne(PortRange range, bool udp, EdgeDefinition? edge, EdgeSetFaults faults)
    {
        const string path = "$.port";
        CheckRange(range, path, udp, faults);
        if (!range.IsPossible)
            return;
        var total = range.Count + (long)(edge is null ? 0 : edge.ListenPorts.Concat(edge.ListenPortsUdp).Sum(own => own.Count));
        if (total > EdgeSetValidator.MaxPortsPerEdge)
        {
            faults.Errors.Add(
                path, range.ToString(),
                $"would make {total} ports; an edge may have at most {EdgeSetValidator.MaxPortsPerEdge}, TCP and UDP together");
        }

        if (edge is null)
            return;
        var (name, ranges) = udp ? ("listenPortsUdp", edge.ListenPortsUdp) : ("listenPorts", edge.ListenPorts);
        for (var index = 0; index < ranges.Length; index++)
        {
            if (ranges[index].Overlaps(range))
            {
                faults.Errors.Add(
                    path, range.ToString(),
                    string.Create(
                        CultureInfo.InvariantCulture, $"clashes with {ranges[index]}, which \"{edge.Id}\" has already ({name}[{index}])"));
            }
        }
    }

    private static void CheckList(ImmutableArray<PortRange> ranges, string path, bool udp, EdgeSetFaults faults)
    {
        for (var index = 0; index < ranges.Length; index++)
        {
            CheckRange(ranges[index], string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]"), udp, faults);
        }

        CheckOverlaps(ranges, path, faults.Errors);
    }

    private static void CheckRange(PortRange range, string path, bool udp, EdgeSetFaults faults)
    {
        if (range.First is < 1 or > MaxPort || range.Last is < 1 or > MaxPort)
            faults.Errors.Add(path, range.ToString(), "ports are 1–65535");
        else if (range.First > range.Last)
            faults.Errors.Add(path, range.ToString(), "a range begins with its lower port, such as \"8000-8010\"");
        else
            WarnOfReserved(range, path, udp, faults.Warnings);
    }

    private static void CheckOverlaps(ImmutableArray<PortRange> ranges, string path, FaultList errors)
    {
        var sorted = ranges.Select((range, index) => (range, index)).Where(entry => entry.range.IsPossible).OrderBy(
            entry => entry.range.First).ThenBy(entry => entry.index);
        (PortRange Range, int Index)? highest = null;
        foreach (var (range, index) in sorted)
        {
            if (highest is { } before && range.First <= before.Range.Last)
            {
                var (earlier, later) = (Math.Min(index, before.Index), Math.Max(index, before.Index));
                errors.Add(
                    string.Create(CultureInfo.InvariantCulture, $"{path}[{later}]"),
                    ranges[later].ToString(),
                    $"port {range.First} is in {path}[{earlier}] already; list every port once");
            }

            if (highest is null || range.Last > highest.Value.Range.Last)
                highest = (range, index);
        }
    }

    private static void WarnOfReserved(PortRange range, string path, bool udp, FaultList warnings)
    {
        foreach (var (port, owner) in udp ? ReservedPorts.Udp : ReservedPorts.Tcp)
        {
            if (port >= range.First && port <= range.Last)
            {
                warnings.Add(
                    path, port.ToString(CultureInfo.InvariantCulture),
                    $"usually belongs to {owner} on the edge's own machine; the edge reports when it can't bind it");
            }
        }
    }
}
