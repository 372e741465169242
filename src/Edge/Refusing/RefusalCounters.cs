using System.Text.Json;

namespace Tunnel.Edge.Refusing;

/// <summary>How often each <see cref="RefusalReason"/> applied since the start.</summary>
internal sealed class RefusalCounters
{
    private static readonly RefusalReason[] Reasons = Enum.GetValues<RefusalReason>();

    private static readonly string[] Names = [.. Reasons.Select(reason => JsonNamingPolicy.CamelCase.ConvertName(reason.ToString()))];

    private readonly long[] _counts = new long[Reasons.Length];

    private readonly long[] _datagrams = new long[Reasons.Length];

    public long this[RefusalReason reason] => Interlocked.Read(ref _counts[(int)reason]);

    public void Count(RefusalReason reason) => Interlocked.Increment(ref _counts[(int)reason]);

    public void Count(RefusalReason reason, int times)
    {
        if (times > 0)
            Interlocked.Add(ref _counts[(int)reason], times);
    }

    /// <summary>Notes that what was counted were datagrams, not TCP clients.</summary>
    public void CountDatagram(RefusalReason reason, int times = 1)
    {
        if (times > 0)
            Interlocked.Add(ref _datagrams[(int)reason], times);
    }

    /// <summary>Returns a reason's name in camelCase.</summary>
    public static string NameOf(RefusalReason reason) => Names[(int)reason];

    /// <summary>Returns the counts of UDP sessions, by reason.</summary>
    public IReadOnlyDictionary<string, long> SessionsToDictionary() => ToDictionary(reason => IsOfSession(reason) ? this[reason] : 0);

    /// <summary>Returns the counts of datagrams, by reason.</summary>
    public IReadOnlyDictionary<string, long> DatagramsToDictionary() =>
        ToDictionary(reason => Interlocked.Read(ref _datagrams[(int)reason]));

    /// <summary>Returns the counts of TCP clients, by reason.</summary>
    public IReadOnlyDictionary<string, long> ClientsToDictionary() =>
        ToDictionary(reason => IsOfSession(reason) ? 0 : this[reason] - Interlocked.Read(ref _datagrams[(int)reason]));

    /// <summary>Returns all counts; reasons that never applied are missing.</summary>
    public IReadOnlyDictionary<string, long> ToDictionary() => ToDictionary(reason => this[reason]);

    private static bool IsOfSession(RefusalReason reason) => reason == RefusalReason.UdpSessionEvicted;

    private static Dictionary<string, long> ToDictionary(Func<RefusalReason, long> count) =>
        Reasons.Select(reason => KeyValuePair.Create(NameOf(reason), count(reason))).Where(static entry => entry.Value > 0).ToDictionary();
}
