namespace Tunnel.Shared.Observability;

/// <summary>The values of an instrument with one set of labels.</summary>
/// <param name="bounds">The upper bounds of a histogram's buckets, ascending; empty for other kinds.</param>
internal sealed class MetricSeries(double[] bounds)
{
    private readonly long[] _buckets = new long[bounds.Length];

    /// <summary>The value, or the sum of a histogram's values.</summary>
    public double Value { get; private set; }

    /// <summary>How many values a histogram was given.</summary>
    public long Count { get; private set; }

    /// <summary>For each bound, how many values were not above it.</summary>
    public IEnumerable<(double Bound, long Count)> Buckets()
    {
        var sum = 0L;
        for (var i = 0; i < bounds.Length; i++)
            yield return (bounds[i], sum += _buckets[i]);
    }

    public void Set(double value) => Value = value;

    public void Add(double value) => Value += value;

    public void Observe(double value)
    {
        Value += value;
        Count++;
        var bucket = Array.FindIndex(bounds, bound => value <= bound);
        if (bucket >= 0)
            _buckets[bucket]++;
    }
}
