using System.Globalization;

namespace Tunnel.Shared.Text;

/// <summary>Writes a number of things for people.</summary>
/// <remarks>
/// In a line of the log the number stands behind a colon instead ("streams that wait: 1"), since it is a value there and no text.
/// </remarks>
public static class CountText
{
    /// <summary>Writes a number and what is counted, such as <c>1 stream</c> or <c>2 streams</c>.</summary>
    /// <param name="count">The number.</param>
    /// <param name="one">The word for one of them, whose plural ends in "s".</param>
    public static string Of(long count, string one) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {one}{(count == 1 ? "" : "s")}");
}
