using System.Collections.Immutable;

namespace Tunnel.Shared.Transport;

/// <summary>How many datagrams were dropped, by reason. Any thread may count.</summary>
/// <param name="all">The total of all tunnels, including those that have ended; null for the total itself.</param>
public sealed class DatagramDrops(DatagramDrops? all = null)
{
    private static readonly DatagramDrop[] Reasons = Enum.GetValues<DatagramDrop>();

    private readonly long[] _counts = new long[Reasons.Length];

    /// <summary>The number of datagrams that were dropped for one reason.</summary>
    public long this[DatagramDrop reason] => Volatile.Read(ref _counts[(int)reason]);

    /// <summary>The number of datagrams that were dropped for any reason.</summary>
    public long Total => Reasons.Sum(reason => this[reason]);

    /// <summary>Adds dropped datagrams, here and to the total of all tunnels.</summary>
    public void Add(DatagramDrop reason, int count = 1)
    {
        if (count == 0)
            return;
        Interlocked.Add(ref _counts[(int)reason], count);
        all?.Add(reason, count);
    }

    /// <summary>The counts of all reasons, under their names in metrics and statuses.</summary>
    public ImmutableSortedDictionary<string, long> Snapshot() =>
        Reasons.ToImmutableSortedDictionary(static reason => $"tunnel{reason}", reason => this[reason]);
}
