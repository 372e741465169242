using System.Text.Json;

namespace Tunnel.Edge.Listening;

/// <summary>How often each <see cref="RefusalReason"/> applied since the start.</summary>
internal sealed class RefusalCounters
{
    private static readonly RefusalReason[] Reasons = Enum.GetValues<RefusalReason>();

    private static readonly string[] Names = [.. Reasons.Select(reason => JsonNamingPolicy.CamelCase.ConvertName(reason.ToString()))];

    private readonly long[] _counts = new long[Reasons.Length];

    public long this[RefusalReason reason] => Interlocked.Read(ref _counts[(int)reason]);

    public void Count(RefusalReason reason) => Interlocked.Increment(ref _counts[(int)reason]);

    public void Count(RefusalReason reason, int times)
    {
        if (times > 0)
            Interlocked.Add(ref _counts[(int)reason], times);
    }

    /// <summary>A reason in camelCase.</summary>
    public static string NameOf(RefusalReason reason) => Names[(int)reason];

    /// <summary>The reasons that have applied at all.</summary>
    public IReadOnlyDictionary<string, long> ToDictionary() =>
        Reasons.Where(reason => this[reason] > 0)
            .ToDictionary(NameOf, reason => this[reason]);
}
