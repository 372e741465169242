namespace Tunnel.Bench.Load.Soak;

/// <summary>How fast a figure grows, and how well that is known.</summary>
/// <param name="Mean">The figure's mean.</param>
/// <param name="PerHour">The slope of the line through it.</param>
/// <param name="Error">The slope's standard error.</param>
internal readonly record struct Slope(double Mean, double PerHour, double Error)
{
    private const int Blocks = 20;

    /// <summary>Whether the growth can't be told from noise, or is less than a hundredth of the figure in an hour.</summary>
    public bool IsZero => double.IsNaN(Error) || Math.Abs(PerHour) <= 2.1 * Error || Math.Abs(PerHour) <= 0.01 * Mean;

    /// <summary>Whether it grows, and more than noise explains.</summary>
    public bool Grows => !IsZero && PerHour > 0;

    /// <summary>
    /// Fits a line by least squares through the means of twenty stretches of time: figures a few seconds apart are alike, and taken one by
    /// one they would make the line look better known than it is.
    /// </summary>
    /// <param name="samples">The figures with their times in hours, in order.</param>
    public static Slope Of(IReadOnlyList<(double Hours, double Value)> samples)
    {
        var blocks = samples.Chunk(Math.Max(1, samples.Count / Blocks));
        var points =
            blocks.Select(static block => (X: block.Average(static p => p.Hours), Y: block.Average(static p => p.Value))).ToArray();
        if (points.Length < 4)
            return new Slope(samples.Select(static p => p.Value).DefaultIfEmpty(double.NaN).Average(), double.NaN, double.NaN);
        var (x, y) = (points.Average(static p => p.X), points.Average(static p => p.Y));
        var spread = points.Sum(p => (p.X - x) * (p.X - x));
        var slope = points.Sum(p => (p.X - x) * (p.Y - y)) / spread;
        var rest = points.Sum(p => Math.Pow(p.Y - y - (slope * (p.X - x)), 2));
        return new Slope(y, slope, Math.Sqrt(rest / (points.Length - 2) / spread));
    }
}
