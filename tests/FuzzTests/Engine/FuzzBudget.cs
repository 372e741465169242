namespace Tunnel.FuzzTests.Engine;

/// <summary>Ends a run after this time or so many inputs, whichever comes first.</summary>
internal readonly record struct FuzzBudget(TimeSpan Time, long Inputs)
{
    public static FuzzBudget Of(TimeSpan time) => new(time, long.MaxValue);

    public static FuzzBudget Of(long inputs) => new(TimeSpan.MaxValue, inputs);
}

/// <summary>The figures of a run; the number of inputs that were taken for valid tells how deep mutations go.</summary>
internal sealed record FuzzReport(FuzzTarget Target, ulong Seed, long Inputs, long Taken, TimeSpan Time, IReadOnlyList<Finding> Findings)
{
    public override string ToString() => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{Target.Name,-16} {Inputs,13:N0} inputs, {100.0 * Taken / Math.Max(Inputs, 1),3:N0} % taken {Time.TotalSeconds,9:N1} s "
            + $"{Inputs / Math.Max(Time.TotalSeconds, 0.001),11:N0}/s  seed {Seed}, {Target.Seeds.Count} seeds and "
            + $"{Corpus.Of(Target).Count} of the corpus, {Findings.Count} findings");
}
