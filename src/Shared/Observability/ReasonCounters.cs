using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Tunnel.Shared.Observability;

/// <summary>Keeps one counter for each value of an enumeration; any thread may count.</summary>
/// <typeparam name="TReason">An enumeration of small values that start at 0, since each indexes an array.</typeparam>
public sealed class ReasonCounters<TReason>
    where TReason : struct, Enum
{
    private static readonly TReason[] Reasons = Enum.GetValues<TReason>();
    private static readonly string[] Names = [.. Reasons.Select(reason => JsonNamingPolicy.CamelCase.ConvertName(reason.ToString()))];
    private readonly long[] _counts = new long[Reasons.Max(IndexOf) + 1];

    /// <summary>Counts a reason.</summary>
    /// <param name="reason">The reason.</param>
    /// <param name="count">How often it applied.</param>
    public void Add(TReason reason, long count = 1) => Interlocked.Add(ref _counts[IndexOf(reason)], count);

    /// <summary>How often a reason has applied so far.</summary>
    public long this[TReason reason] => Interlocked.Read(ref _counts[IndexOf(reason)]);

    /// <summary>The name of a reason in camelCase.</summary>
    public static string NameOf(TReason reason) => Names[Array.IndexOf(Reasons, reason)];

    /// <summary>All counts by reason in camelCase, including reasons never seen, so that a reader finds every name.</summary>
    public ImmutableSortedDictionary<string, long> Snapshot() => Snapshot(static _ => true);

    /// <summary>The counts of the reasons that are wanted.</summary>
    public ImmutableSortedDictionary<string, long> Snapshot(Func<TReason, bool> wanted) =>
        Reasons.Where(wanted).ToImmutableSortedDictionary(NameOf, reason => this[reason]);

    private static int IndexOf(TReason reason) => Unsafe.BitCast<TReason, int>(reason);
}
