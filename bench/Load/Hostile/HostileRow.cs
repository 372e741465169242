using System.Globalization;

namespace Tunnel.Bench.Load.Hostile;

/// <summary>The echo, in milliseconds, of another edge and of another port of the edge that is flooded.</summary>
internal readonly record struct EchoFigures((double P50, double P99) Apart, (double P50, double P99) Beside)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Apart.P50:F2} {Apart.P99:F2}, same edge {Beside.P50:F2} {Beside.P99:F2} ms");
}

/// <summary>The effect of one flood over one transport: medians over the rounds.</summary>
internal sealed class HostileRow(string flood, string transport)
{
    private readonly List<Round> _rounds = [];
    private (long Before, long Peak, long After) _hub;
    private (long Before, long Peak, long After) _edge;
    private EchoFigures _later;

    /// <summary>The table's head.</summary>
    public static string Head =>
        "| flood | over | times a second (ended by the victim) | p50 alone, beside it ms | p99 alone, beside it, beside as much "
            + "computing ms "
        + "| p99 beside it ÷ alone | … another port of the same edge | p50, p99 later ms | hub's cores (all) | hub MB before, peak, "
        + "after | edge MB |\n"
        + "|---|---|---|---|---|---|---|---|---|---|---|\n";

    /// <summary>The last round in a line, for people who wait.</summary>
    public string Last => _rounds[^1].ToString();

    public void Add(EchoFigures alone, EchoFigures flooded, EchoFigures burnt, double rate, int ends, double hubCores, double cores) =>
        _rounds.Add(new Round(alone, flooded, burnt, rate, ends, hubCores, cores));

    /// <summary>Notes the memory before the flood, from which on peaks are looked for.</summary>
    public void SetBefore(HostileWorld world)
    {
        (_hub.Before, _edge.Before) = (world.Hub.ResidentBytes(), world.Edge.ResidentBytes());
        world.Hub.ForgetPeak();
        world.Edge.ForgetPeak();
    }

    /// <summary>Notes the most memory that was used.</summary>
    public void SetPeak(HostileWorld world) => (_hub.Peak, _edge.Peak) = (world.Hub.PeakResidentBytes(), world.Edge.PeakResidentBytes());

    /// <summary>Notes the memory that is left, and the echo, when all is over.</summary>
    public void SetAfter(HostileWorld world, EchoFigures later)
    {
        (_hub.After, _edge.After) = (world.Hub.ResidentBytes(), world.Edge.ResidentBytes());
        _later = later;
    }

    public override string ToString()
    {
        var ends = _rounds[^1].Ends;
        string[] cells =
        [
            flood,
            transport == "quic" ? "QUIC" : "TLS",
            $"{Median(static round => round.Rate):N0}{(ends > 0 ? $" ({ends})" : "")}",
            $"{Ms(static round => round.Alone.Apart.P50)}, {Ms(static round => round.Flooded.Apart.P50)}",
            $"{Tail(static round => round.Alone)}, {Tail(static round => round.Flooded)}, {Tail(static round => round.Burnt)}",
            Ms(static round => round.Flooded.Apart.P99 / round.Alone.Apart.P99),
            Ms(static round => round.Flooded.Beside.P99 / round.Alone.Beside.P99),
            string.Create(CultureInfo.InvariantCulture, $"{_later.Apart.P50:F2}, {_later.Apart.P99:F2}"),
            $"{Median(static round => round.HubCores):F2} ({Median(static round => round.Cores):F2})",
            Megabytes(_hub),
            Megabytes(_edge),
        ];
        return $"| {string.Join(" | ", cells)} |";
    }

    private string Tail(Func<Round, EchoFigures> of) => Ms(round => of(round).Apart.P99);

    private string Ms(Func<Round, double> figure) => Median(figure) switch
    {
        double.PositiveInfinity => "lost",
        >= 100 and var value => value.ToString("N0", CultureInfo.InvariantCulture),
        var value => value.ToString("F2", CultureInfo.InvariantCulture),
    };

    private double Median(Func<Round, double> figure)
    {
        var sorted = _rounds.Select(figure).Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private static string Megabytes((long Before, long Peak, long After) of) =>
        string.Create(CultureInfo.InvariantCulture, $"{of.Before / 1e6:F0}, {of.Peak / 1e6:F0}, {of.After / 1e6:F0}");

    private sealed record Round(
        EchoFigures Alone, EchoFigures Flooded, EchoFigures Burnt, double Rate, int Ends, double HubCores, double Cores)
    {
        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"alone {Alone}; flooded {Flooded}; burnt {Burnt}; {Rate:N0}/s, {Ends} ends, hub {HubCores:F2} cores of {Cores:F2}");
    }
}
