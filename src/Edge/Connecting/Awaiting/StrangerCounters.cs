using System.Text.Json;

namespace Tunnel.Edge.Connecting.Awaiting;

/// <summary>
/// Why a connection to the port where the hub is awaited was none of the hub's. The names, in camelCase, are keys of the status.
/// </summary>
internal enum StrangerKind
{
    /// <summary>Its address is not in <c>dialAllowCidrs</c>.</summary>
    NotAllowed,

    /// <summary>The peer has shown another certificate than the hub's.</summary>
    WrongCertificate,

    /// <summary>Its address has shown another certificate too often within a minute.</summary>
    Blocked,

    /// <summary>There were no descriptors to spare.</summary>
    DescriptorLimit,

    /// <summary>The peer does not speak TLS, or has left.</summary>
    NoHub,

    /// <summary>The peer was not done in time, or had to give way to others.</summary>
    NotInTime,
}

/// <summary>How often each <see cref="StrangerKind"/> came. Thread-safe.</summary>
internal sealed class StrangerCounters
{
    private static readonly StrangerKind[] Kinds = Enum.GetValues<StrangerKind>();
    private readonly long[] _counts = new long[Kinds.Length];

    public void Count(StrangerKind kind) => Interlocked.Increment(ref _counts[(int)kind]);

    /// <summary>Returns the name of a kind in camelCase.</summary>
    public static string NameOf(StrangerKind kind) => JsonNamingPolicy.CamelCase.ConvertName(kind.ToString());

    /// <summary>Returns the counts; those that never came are missing.</summary>
    public IReadOnlyDictionary<string, long> ToDictionary() => Kinds
        .Select(kind => KeyValuePair.Create(NameOf(kind), Interlocked.Read(ref _counts[(int)kind])))
        .Where(static entry => entry.Value > 0).ToDictionary();
}
