using System.Globalization;
using Tunnel.Shared.Protocol;

namespace Tunnel.Shared.Operator;

/// <summary>One port, or several in a row, written in JSON as <c>443</c> or <c>"8000-8010"</c>.</summary>
/// <param name="First">The lowest port, 1–65535.</param>
/// <param name="Last">The highest port, not below <paramref name="First"/>.</param>
public readonly record struct PortRange(int First, int Last)
{
    /// <summary>The number of ports in the range.</summary>
    public int Count => Last - First + 1;

    /// <summary>Whether the two have a port in common.</summary>
    public bool Overlaps(PortRange other) => First <= other.Last && other.First <= Last;

    /// <summary>Whether this range contains all ports of the other.</summary>
    public bool Contains(PortRange other) => other.First >= First && other.Last <= Last;

    /// <summary>Returns what remains without the ports of another range: nothing, one range, or two.</summary>
    public IEnumerable<PortRange> Without(PortRange other)
    {
        if (!Overlaps(other))
        {
            yield return this;
            yield break;
        }

        if (First < other.First)
            yield return new PortRange(First, other.First - 1);
        if (Last > other.Last)
            yield return new PortRange(other.Last + 1, Last);
    }

    /// <summary>The range of one port.</summary>
    public static implicit operator PortRange(int port) => FromInt32(port);

    /// <summary>The range of one port.</summary>
    public static PortRange FromInt32(int port) => new(port, port);

    /// <summary>Whether both are valid ports, and the first is not above the last.</summary>
    public bool IsPossible => First is >= Port.Min and <= Port.Max && Last <= Port.Max && First <= Last;

    /// <summary>
    /// Reads <c>443</c> and <c>8000-8010</c>; <see cref="IsPossible"/> says whether the numbers are ports. A number with a leading zero is
    /// not accepted.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PortRange range)
    {
        range = default;
        var dash = text.IndexOf('-');
        if (!TryParseNumber(dash < 0 ? text : text[..dash], out var low) || !TryParseNumber(
            dash < 0 ? text : text[(dash + 1)..], out var high))
        {
            return false;
        }

        range = new PortRange(low, high);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        First == Last ? First.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");

    private static bool TryParseNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && (text[0] != '0' || text.Length == 1);
}
