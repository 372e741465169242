using System.Globalization;
using Tunnel.Edge.Status;
using Tunnel.Shared.Dashboard;
using Tunnel.Shared.Text;

namespace Tunnel.Edge.Top;

/// <summary>The lines at the top: the tunnel, how much passes, and what is wrong.</summary>
internal static class EdgeSummary
{
    private const int MaxFaults = 4;

    public static IEnumerable<Row> Of(EdgeStatus status, TopData data, int width)
    {
        yield return Title(status, data.Fault);
        yield return Tunnel(status);
        if (status.TransportDetail is { } why)
            yield return new Row().Add(" why ", Ink.Dim).Add(why, width - 5);
        yield return Figures(data, width);
        yield return Uses(status);
        foreach (var line in Faults(status).Take(MaxFaults))
            yield return new Row().Add(" ✖ ", Ink.Bad).Add(line, width - 3);
    }

    private static Row Title(EdgeStatus status, string? fault)
    {
        var row = new Row().Add(" tunnel-edge ", Ink.Bold).Add(status.EdgeId, Ink.Bold).Add("  ");
        if (fault is not null)
            return row.Add("✖ the edge does not answer; this is how it was", Ink.Bad);
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
        row.Add($" ({status.HubAddress})", Ink.Dim).Add("   over ", Ink.Dim)
            .Add(Text($"{status.Transport}{(status.Lanes > 1 ? $" in {status.Lanes} lanes" : "")} ({status.TransportReason})"));
        return status.Rtt is { } rtt ? row.Add("   rtt ", Ink.Dim).Add(Text($"{rtt:0.0} ms")) : row;
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
            .Add("   ports ", Ink.Dim).Add(Text($"{status.ListenPorts.Length + status.ListenPortsUdp.Length}"))
            .Add("   descriptor limit ", Ink.Dim).Add(Text($"{status.DescriptorLimit}"));
        if (status.Firewall is { } firewall)
            row.Add("   firewall ", Ink.Dim).Add(
                Text($"{firewall.State} ({firewall.Mode}), {firewall.Blocked} blocked"), firewall.Error is null ? Ink.Plain : Ink.Bad);
        return status.PublicIp is { } address ? row.Add("   public ", Ink.Dim).Add(address) : row;
    }

    private static IEnumerable<string> Faults(EdgeStatus status)
    {
        if (!status.Connected && status.LastError is { } error)
            yield return error;
        foreach (var failure in status.FailedPorts)
            yield return Text($"can't bind {failure.Proto}/{failure.Port}{(failure.To is { } to ? Text($"-{to}") : "")}: {failure.Error}");
        foreach (var fault in status.Firewall?.Errors ?? [])
            yield return $"firewall: {fault}";
    }

    private static string Rate(IReadOnlyList<long> rates) => rates.Count == 0 ? "…" : $"{ByteText.Format(rates[^1])}/s";

    private static string Since(DateTimeOffset? since) => since is { } time ? TimeText.Format(DateTimeOffset.UtcNow - time) : "-";

    // A time that is over by now is now.
    private static TimeSpan Later(DateTimeOffset time) =>
        time - DateTimeOffset.UtcNow is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
