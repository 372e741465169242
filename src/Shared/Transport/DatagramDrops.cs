using System.Collections.Immutable;

namespace Tunnel.Shared.Transport;

/// <summary>How many datagrams were dropped, by reason. Any thread may count.</summary>
/// <param name="all">Counts the same of all tunnels, those that are over included; null for that itself.</param>
public sealed class DatagramDrops(DatagramDrops? all = null)
{
    private static readonly DatagramDrop[] Reasons = Enum.GetValues<DatagramDrop>();

    private readonly long[] _counts = new long[Reasons.Length];

    /// <summary>Of one reason.</summary>
    public long this[DatagramDrop reason] => Volatile.Read(ref _counts[(int)reason]);

    /// <summary>Of all reasons.</summary>
    public long Total => Reasons.Sum(reason => this[reason]);

    /// <summary>Counts.</summary>
    public void Add(DatagramDrop reason, int count = 1)
    {
        if (count == 0)
            return;
        Interlocked.Add(ref _counts[(int)reason], count);
        all?.Add(reason, count);
    }

    /// <summary>All reasons, by the names that metrics and statuses have for them.</summary>
    public ImmutableSortedDictionary<string, long> Snapshot() =>
        Reasons.ToImmutableSortedDictionary(static reason => $"tunnel{reason}", reason => this[reason]);
}
