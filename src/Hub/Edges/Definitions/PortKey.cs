using System.Globalization;
using Tunnel.Shared.Operator;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>
/// A key of an edge's <c>ports</c>: <c>tcp/443</c>, <c>udp/53</c> or <c>tcp/8000-8010</c>. The key <c>default</c> exists besides these.
/// </summary>
/// <param name="Udp">True: UDP; false: TCP.</param>
/// <param name="Ports">One port or a range.</param>
internal readonly record struct PortKey(bool Udp, PortRange Ports)
{
    public const string Default = "default";

    /// <summary>Sorts keys in the order in which people read them; two keys are equal only when they are written the same.</summary>
    public static IComparer<string> Order { get; } = Comparer<string>.Create(Compare);

    /// <summary>The valid forms of a key, for the operator.</summary>
    public const string Valid = "valid are \"tcp/443\", \"udp/53\", \"tcp/8000-8010\" and \"default\"";

    public static string For(bool udp, int port) => new PortKey(udp, port).ToString();

    /// <summary>Accepts only the canonical form ("tcp/0443" is refused), so that two keys can't mean the same port.</summary>
    public static bool TryParse(string key, out PortKey parsed)
    {
        var udp = key.StartsWith("udp/", StringComparison.Ordinal);
        parsed = default;
        if ((!udp && !key.StartsWith("tcp/", StringComparison.Ordinal)) || !PortRange.TryParse(
            key.AsSpan(4), out var ports) || !ports.IsPossible)
        {
            return false;
        }

        parsed = new PortKey(udp, ports);
        return parsed.ToString() == key;
    }

    /// <summary>Whether the two keys have a port in common.</summary>
    public bool Overlaps(PortKey other) => Udp == other.Udp && Ports.Overlaps(other.Ports);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(Udp ? "udp" : "tcp")}/{Ports}");

    private static int Compare(string left, string right)
    {
        var order = Rank(left).CompareTo(Rank(right));
        return order != 0 ? order : string.CompareOrdinal(left, right);
    }

    private static (int Kind, int Port) Rank(string key) =>
        key == Default ? (3, 0) : TryParse(key, out var port) ? (port.Udp ? 1 : 0, port.Ports.First) : (2, 0);
}
