using System.Globalization;
using Tunnel.Edge.Status;
using Tunnel.Shared.Dashboard;
using Tunnel.Shared.Text;

namespace Tunnel.Edge.Top;

/// <summary>The lines at the top: the tunnel, how much passes, and what is wrong.</summary>
internal static class EdgeSummary
{
    private const int MaxTroubles = 4;

    public static IEnumerable<Row> Of(EdgeStatus status, TopData data, int width)
    {
        yield return Title(status, data.Fault);
        foreach (var row in status.Hubs.Length > 1 ? status.Hubs.Select(hub => Hub(hub, width)) : [Tunnel(status)])
            yield return row;
        if (status.TransportDetail is { } why)
            yield return new Row().Add(" why ", Ink.Dim).Add(why, width - 5);
        yield return Figures(data, width);
        yield return Uses(status);
        var troubles = Troubles(status).ToArray();
        foreach (var (ink, line) in troubles.Take(troubles.Length > MaxTroubles ? MaxTroubles - 1 : MaxTroubles))
            yield return new Row().Add(ink == Ink.Bad ? " ✖ " : " ▲ ", ink).Add(line, width - 3);
        if (troubles.Length > MaxTroubles)
            yield return new Row().Add(Text($"   and {troubles.Length - MaxTroubles + 1} more: tunnel-edge status"), Ink.Dim);
    }

    private static Row Title(EdgeStatus status, string? fault)
    {
        var row = new Row().Add(" tunnel-edge ", Ink.Bold).Add(status.EdgeId, Ink.Bold).Add("  ");
        if (fault is not null)
            return row.Add("✖ the edge does not answer; this is how it was", Ink.Bad);
        if (status.LostSince is { } lost)
            return row.Add("▲ no connection", Ink.Warn).Add($" for {Since(lost)}: what is open waits for another one", Ink.Dim);
        var down = status.Hubs.Count(hub => !hub.Connected);
        if (status.Connected && down > 0)
            return row.Add(Text($"▲ up at {status.Hubs.Length - down} of {status.Hubs.Length} hubs"), Ink.Warn);
        return status.Connected
            ? row.Add("● up", Ink.Good).Add($" for {Since(status.Since)}", Ink.Dim)
            : row.Add("✖ not connected", Ink.Bad).Add($" for {Since(status.Since)}", Ink.Dim)
                .Add(status.NextAttempt is { } next ? $", next try in {TimeText.Format(Later(next))}" : "", Ink.Dim);
    }

    private static Row Tunnel(EdgeStatus status)
    {
        var row = new Row().Add(" hub ", Ink.Dim).Add(status.Hub);
        if (!status.Connected)
            return row.Add($"   {status.TransportMode}", Ink.Dim);
        if (status.HubAddress is { } address && address != status.Hub)
            row.Add($" ({address})", Ink.Dim);
        // The round trip changes, so it stands before the longer words.
        if (status.Rtt is { } rtt)
            row.Add("   rtt ", Ink.Dim).Add(Text($"{rtt:0.0} ms"));
        return row.Add("   over ", Ink.Dim)
            .Add(Text($"{status.Transport}{(status.Lanes > 1 ? $" in {status.Lanes} lanes" : "")} ({status.TransportReason})"));
    }

    // Returns the line of one of several hubs.
    private static Row Hub(EdgeHubStatus hub, int width)
    {
        var row = new Row().Add(" hub ", Ink.Dim).Add(hub.Hub).Add(" ");
        if (!hub.Connected && hub.LostSince is null)
        {
            var next = hub.NextAttempt is { } time ? $"; next try in {TimeText.Format(Later(time))}" : "";
            var why = $"{hub.LastError ?? "no tunnel yet"}{next}";
            row.Add($"✖ not connected for {Since(hub.Since)} ", Ink.Bad);
            return row.Add(why, Math.Max(0, width - row.Width), Ink.Dim);
        }

        var (mark, ink) = hub switch
        {
            { LostSince: { } lost } => ($"▲ no connection for {Since(lost)}", Ink.Warn),
            { Silent: true } => ("▲ silent", Ink.Warn),
            { Outdated: true } => ("▲ up, with an older configuration", Ink.Warn),
            _ => ($"● up for {Since(hub.Since)}", Ink.Good),
        };
        row.Add(mark, ink).Add("   over ", Ink.Dim).Add(hub.Transport ?? "-");
        if (hub.Rtt is { } rtt)
            row.Add("   rtt ", Ink.Dim).Add(Text($"{rtt:0.0} ms"));
        return row.Add("   open ", Ink.Dim).Add(Text($"{hub.ActiveStreams} TCP {hub.ActiveSessions} UDP"));
    }

    private static Row Figures(TopData data, int width)
    {
        var spark = Math.Clamp((width - 44) / 2, 0, 60);
        return new Row().Add(" in ", Ink.Dim).Add(Rate(data.In), 12, Ink.Bold, toRight: true).Add(" ").Add(
            Sparkline.Draw(data.In, spark), Ink.Line)
            .Add("   out ", Ink.Dim).Add(Rate(data.Out), 12, Ink.Bold, toRight: true).Add(" ").Add(
                Sparkline.Draw(data.Out, spark), Ink.Line);
    }

    private static Row Uses(EdgeStatus status)
    {
        var row = new Row().Add(" open ", Ink.Dim).Add(Text($"{status.ActiveStreams} TCP {status.ActiveSessions} UDP"))
            .Add("   ports ", Ink.Dim).Add(Text($"{status.ListenPorts.Length + status.ListenPortsUdp.Length}"));
        if (status.PublicIp is { } address)
            row.Add("   public ", Ink.Dim).Add(address);
        if (status.Firewall is { } firewall)
        {
            row.Add("   firewall ", Ink.Dim).Add(
                Text($"{firewall.State} ({firewall.Mode}), {firewall.Blocked} blocked"), firewall.Error is null ? Ink.Plain : Ink.Bad);
        }

        return row.Add("   descriptor limit ", Ink.Dim).Add(Text($"{status.DescriptorLimit}"));
    }

    private static IEnumerable<(Ink Ink, string Line)> Troubles(EdgeStatus status)
    {
        if (!status.Connected && status.Hubs.Length <= 1 && status.LastError is { } error)
            yield return (Ink.Bad, error);
        foreach (var failure in status.FailedPorts)
            yield return (Ink.Bad, $"can't bind {failure}: {failure.Error}");

        foreach (var fault in status.Firewall?.Errors ?? [])
            yield return (Ink.Bad, $"firewall: {fault}");
        if (status.Firewall?.Drift is { } drift)
        {
            yield return (
                drift.Mended ? Ink.Warn : Ink.Bad,
                $"firewall: somebody else changed it ({drift.What}), {(drift.Mended ? "put back" : "it can't be put back")}");
        }

        if (status.TcpMemory?.Describe() is { } memory)
            yield return (Ink.Warn, $"the kernel's memory for TCP: {memory}");
        foreach (var warning in status.Warnings)
            yield return (Ink.Warn, warning);
        if (status.MaxPacket is { } limit)
            yield return (Ink.Warn, Text($"the path to the hub swallows packets of more than {limit} bytes"));
        if (status.Crash?.Error is { } left)
            yield return (Ink.Warn, $"the last run was cut off; {left}");
    }

    private static string Rate(IReadOnlyList<long> rates) => rates.Count == 0 ? "…" : $"{ByteText.Format(rates[^1])}/s";

    private static string Since(DateTimeOffset? since) => since is { } time ? TimeText.Format(DateTimeOffset.UtcNow - time) : "-";

    // A time that has passed is shown as the present.
    private static TimeSpan Later(DateTimeOffset time) =>
        time - DateTimeOffset.UtcNow is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
