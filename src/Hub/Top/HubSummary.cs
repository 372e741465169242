using System.Globalization;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Certificates;
using Tunnel.Hub.Status;
using Tunnel.Shared.Dashboard;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Top;

/// <summary>The lines at the top: is all well, and how much passes.</summary>
internal static class HubSummary
{
    /// <summary>The hub, and what is wrong with it and its edges.</summary>
    public static Row Title(HubStatus status, string? fault)
    {
        var row = new Row().Add(" tunnel-hub ", Ink.Bold).Add(status.Version).Add($"  up {Since(status)}", Ink.Dim).Add("  ");
        if (fault is not null)
            return row.Add("✖ the hub does not answer; this is how it was", Ink.Bad);
        var down = status.Edges.Count(edge => EdgeLines.Severity(edge) == 0);
        var odd = status.Edges.Count(edge => EdgeLines.Severity(edge) == 1);
        var unbound = status.ConnectedEdges.Sum(edge => edge.FailedPorts.Length);
        var targets = status.Ports.Count(port => port is { Listening: true, Healthy: false } || PortLines.TargetsDown(port) > 0);
        row.Add(Text($"{status.ConnectedEdges.Length} of {status.Edges.Length} edges up"));
        if (down > 0)
            row.Add(Text($"  ✖ {down} down"), Ink.Bad);
        if (unbound > 0)
            row.Add(Text($"  ✖ {unbound} not bound"), Ink.Bad);
        if (targets > 0)
            row.Add(Text($"  ✖ targets of {targets} ports fail"), Ink.Bad);
        if (odd > 0)
            row.Add(Text($"  ▲ {odd} to look at"), Ink.Warn);
        if (status.CertificateExpires is { } end && end - DateTimeOffset.UtcNow < CertificateEnd.Soon)
            row.Add($"  ▲ certificate ends {TimeText.Format(end)}", Ink.Warn);
        return down + unbound + targets + odd == 0 && !status.Edges.IsEmpty ? row.Add("  ● all well", Ink.Good) : row;
    }

    /// <summary>Throughput with the last two minutes as lines, what is open, and what the hub uses.</summary>
    public static IEnumerable<Row> Figures(HubStatus status, HistoryAnswer? past, int width)
    {
        var spark = Math.Clamp((width - 44) / 2, 0, 60);
        yield return new Row().Add(" in ", Ink.Dim).Add($"{EdgeLines.Rate(past?.Total.BytesIn)}/s", 12, Ink.Bold, toRight: true).Add(" ")
            .Add(past is null ? "" : Sparkline.Draw(past.Total.BytesIn, spark), Ink.Line)
            .Add("   out ", Ink.Dim).Add($"{EdgeLines.Rate(past?.Total.BytesOut)}/s", 12, Ink.Bold, toRight: true).Add(" ")
            .Add(past is null ? "" : Sparkline.Draw(past.Total.BytesOut, spark), Ink.Line);
        var full = status.MemoryBudget > 0 && status.MemoryUsed > 0.8 * status.MemoryBudget;
        var failed = status.StreamFailures.Values.Sum() + status.SessionFailures.Values.Sum();
        yield return new Row().Add(" open ", Ink.Dim).Add(Text($"{status.ConnectedEdges.Sum(edge => (long)edge.ActiveStreams)} TCP "))
            .Add(Text($"{status.ConnectedEdges.Sum(edge => (long)edge.ActiveSessions)} UDP"))
            .Add("   memory ", Ink.Dim)
            .Add($"{ByteText.Format(status.MemoryUsed)} of {ByteText.Format(status.MemoryBudget)}", full ? Ink.Bad : Ink.Plain)
            .Add("   descriptor limit ", Ink.Dim).Add(Text($"{status.DescriptorLimit}"))
            .Add("   failed ", Ink.Dim).Add(Text($"{failed}"), failed > 0 ? Ink.Warn : Ink.Plain);
    }

    /// <summary>What to do at a hub without edges.</summary>
    public static IEnumerable<Row> FirstSteps(HubStatus status) =>
    [
        new Row(),
        new Row().Add("  No edge may connect yet. Allow one on the hub:", Ink.Bold),
        new Row(),
        new Row().Add("    tunnel-hub edge add vps --tcp 80,443 --udp 53", Ink.Good),
        new Row(),
        new Row().Add("  It prints a token: paste it at the machine with the public address, and start tunnel-edge there."),
        new Row().Add(Text($"  Edges connect to port {status.TunnelPort}, which must be reachable for them.")),
    ];

    private static string Since(HubStatus status) => status.Since is { } since ? TimeText.Format(DateTimeOffset.UtcNow - since) : "-";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
