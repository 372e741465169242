using System.Collections.Immutable;
using System.Globalization;
using Tunnel.Hub.Admin.Answers;
using Tunnel.Hub.Status;
using Tunnel.Shared.Dashboard;
using Tunnel.Shared.Text;

namespace Tunnel.Hub.Top;

/// <summary>The lines at the top: is all well, how much passes, and what is wrong.</summary>
internal static class HubSummary
{
    /// <summary>The hub, how many of its edges are up, and how much is wrong.</summary>
    public static Row Title(OverviewAnswer hub, string? fault)
    {
        var row = new Row().Add(" tunnel-hub ", Ink.Bold).Add(hub.Version).Add($"  up {Since(hub)}", Ink.Dim).Add("  ");
        if (fault is not null)
            return row.Add("✖ the hub does not answer; this is how it was", Ink.Bad);
        row.Add(Text($"{hub.EdgesConnected} of {hub.EnabledEdges} edges up"));
        if (hub.Bad > 0)
            row.Add(Text($"  ✖ {CountText.Of(hub.Bad, "fault")}"), Ink.Bad);
        if (hub.Warn > 0)
            row.Add(Text($"  ▲ {hub.Warn} to look at"), Ink.Warn);
        return hub.Bad + hub.Warn == 0 && hub.AllowedEdges > 0 ? row.Add("  ● all well", Ink.Good) : row;
    }

    /// <summary>Throughput with the last two minutes as lines, what is open, and what the hub uses.</summary>
    public static IEnumerable<Row> Figures(OverviewAnswer hub, HistoryAnswer? past, int width)
    {
        var spark = Math.Clamp((width - 44) / 2, 0, 60);
        yield return new Row().Add(" in ", Ink.Dim).Add($"{ByteText.Format(hub.RateIn)}/s", 12, Ink.Bold, toRight: true).Add(" ")
            .Add(past is null ? "" : Sparkline.Draw(past.Total.BytesIn, spark), Ink.Line)
            .Add("   out ", Ink.Dim).Add($"{ByteText.Format(hub.RateOut)}/s", 12, Ink.Bold, toRight: true).Add(" ")
            .Add(past is null ? "" : Sparkline.Draw(past.Total.BytesOut, spark), Ink.Line);
        var full = HubTroubles.IsNearlyUsedUp(hub.MemoryUsed, hub.MemoryBudget);
        var failed = hub.Failures.Values.Sum();
        yield return new Row().Add(" open ", Ink.Dim).Add(Text($"{hub.ActiveStreams} TCP {hub.ActiveSessions} UDP"))
            .Add("   failed ", Ink.Dim).Add(Text($"{failed}"), failed > 0 ? Ink.Warn : Ink.Plain)
            .Add("   memory ", Ink.Dim)
            .Add($"{ByteText.Format(hub.MemoryUsed)} of {ByteText.Format(hub.MemoryBudget)}", full ? Ink.Bad : Ink.Plain)
            .Add("   fd limit ", Ink.Dim).Add(Text($"{hub.DescriptorLimit}"));
    }

    /// <summary>Lists what is wrong, the worst first, one line each; the last line says how much more there is.</summary>
    /// <param name="troubles">What is wrong.</param>
    /// <param name="all">How much there is, which may be more than is named.</param>
    /// <param name="width">The columns of the screen.</param>
    /// <param name="lines">The lines that there is room for.</param>
    public static IEnumerable<Row> Troubles(ImmutableArray<Trouble> troubles, int all, int width, int lines)
    {
        var shown = Math.Min(troubles.Length, all <= lines || lines < 2 ? lines : lines - 1);
        foreach (var trouble in troubles.Take(shown))
        {
            var (mark, ink) = Marks.Of(trouble.Health, "");
            var row = new Row().Add(" ").Add(mark, ink).Add(trouble.Title, trouble.Health == Health.Bad ? Ink.Bold : Ink.Plain);
            yield return row.Add($"  {trouble.Detail}", Math.Max(0, width - row.Width), Ink.Dim);
        }

        if (shown < all && shown < lines)
            yield return new Row().Add(Text($"   and {all - shown} more"), Ink.Dim);
    }

    /// <summary>Says what to do at a hub without edges.</summary>
    public static IEnumerable<Row> FirstSteps(OverviewAnswer hub) =>
    [
        new Row(),
        new Row().Add("  No edge may connect yet. Allow one on the hub:", Ink.Bold),
        new Row(),
        new Row().Add("    tunnel-hub edge add vps --tcp 80,443 --udp 53", Ink.Good),
        new Row(),
        new Row().Add("  It prints a token: paste it at the machine with the public address, and start tunnel-edge there."),
        new Row().Add(Text($"  Edges connect to {hub.PublicHost ?? Text($"port {hub.TunnelPort}")}, which must be reachable for them.")),
    ];

    private static string Since(OverviewAnswer hub) => hub.Since is { } since ? TimeText.Format(DateTimeOffset.UtcNow - since) : "-";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
