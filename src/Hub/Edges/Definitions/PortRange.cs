using System.Globalization;

namespace Tunnel.Hub.Edges.Definitions;

/// <summary>One port, or several in a row; in JSON <c>443</c> or <c>"8000-8010"</c>.</summary>
/// <param name="First">The lowest, 1–65535.</param>
/// <param name="Last">The highest, not below <paramref name="First"/>.</param>
public readonly record struct PortRange(int First, int Last)
{
    /// <summary>How many ports.</summary>
    public int Count => Last - First + 1;

    /// <summary>Whether the two have a port in common.</summary>
    public bool Overlaps(PortRange other) => First <= other.Last && other.First <= Last;

    /// <summary>One port.</summary>
    public static implicit operator PortRange(int port) => FromInt32(port);

    /// <summary>One port.</summary>
    public static PortRange FromInt32(int port) => new(port, port);

    /// <inheritdoc/>
    public override string ToString() =>
        First == Last ? First.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");
}
