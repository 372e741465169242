using System.Collections.Immutable;
using System.Net.Sockets;

namespace Tunnel.Shared.Protocol.Addresses;

/// <summary>Turns ranges into sets without overlaps, as nftables requires for the elements of an interval set.</summary>
public static class IpRanges
{
    /// <summary>
    /// Returns the union of the <paramref name="ranges"/> of one family, without <paramref name="except"/>, in ascending order; adjacent
    /// ranges are joined.
    /// </summary>
    public static ImmutableArray<IpRange> Merge(IEnumerable<IpRange> ranges, AddressFamily family, IEnumerable<IpRange> except) =>
        [.. Flatten(ranges.Select(range => (range, 0L)), family, except).Select(part => part.Range)];

    /// <summary>
    /// Cuts overlapping ranges of one family into ranges that do not overlap, in ascending order. Each has the highest value of the ranges
    /// that it was part of.
    /// </summary>
    /// <param name="ranges">The ranges, each with a value such as the time when it ends.</param>
    /// <param name="family">The family to keep; ranges of the other one are left out.</param>
    /// <param name="except">The ranges to cut out of the result.</param>
    public static ImmutableArray<(IpRange Range, long Value)> Flatten(
        IEnumerable<(IpRange Range, long Value)> ranges, AddressFamily family, IEnumerable<IpRange> except)
    {
        // A range to cut out is treated as one with a value above all others, which is dropped at the end.
        var sorted = ranges.Concat(except.Select(range => (Range: range, Value: long.MaxValue)))
            .Where(item => item.Range.Family == family)
            .OrderBy(item => item.Range.First)
            .ToArray();
        var parts = new List<(IpRange Range, long Value)>();
        var open = new PriorityQueue<(IpRange Range, long Value), long>(Comparer<long>.Create((a, b) => b.CompareTo(a)));
        UInt128 at = 0;
        var next = 0;
        while (next < sorted.Length || open.Count > 0)
        {
            if (open.Count == 0)
                at = sorted[next].Range.First;
            while (next < sorted.Length && sorted[next].Range.First <= at)
                open.Enqueue(sorted[next], sorted[next++].Value);
            while (open.TryPeek(out var ended, out _) && ended.Range.Last < at)
                open.Dequeue();
            if (!open.TryPeek(out var highest, out _))
                continue;
            var last = highest.Range.Last;
            if (next < sorted.Length && sorted[next].Range.First <= last)
                last = sorted[next].Range.First - 1;
            Append(parts, IpRange.Between(family, at, last), highest.Value);
            if (last == UInt128.MaxValue)
                break;
            at = last + 1;
        }

        return [.. parts.Where(part => part.Value != long.MaxValue)];
    }

    private static void Append(List<(IpRange Range, long Value)> parts, IpRange range, long value)
    {
        if (parts.Count > 0 && parts[^1] is var before && before.Value == value && before.Range.Last + 1 == range.First)
            parts[^1] = (IpRange.Between(range.Family, before.Range.First, range.Last), value);
        else
            parts.Add((range, value));
    }
}
