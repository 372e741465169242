using System.Globalization;

namespace Tunnel.TestUtilities;

/// <summary>Reads the page of limits, whose numbers are those of the code.</summary>
public static class LimitsPage
{
    private const string Page = "docs/operations/limits.md";

    /// <summary>Checks that the row that begins so has these numbers, in this order.</summary>
    /// <exception cref="InvalidDataException">There is no such row, or more than one, or it has other numbers.</exception>
    public static void AssertSays(string beginning, params long[] numbers)
    {
        var rows =
            Documentation.Read(Page).Split('\n').Where(line => line.StartsWith($"| {beginning}", StringComparison.Ordinal)).ToArray();
        if (rows.Length != 1)
            throw new InvalidDataException($"{Page} has {rows.Length} rows that begin with \"{beginning}\"");
        var row = rows[0].Split('|')[2].Trim();
        var at = 0;
        foreach (var number in numbers)
        {
            var text = number.ToString("N0", CultureInfo.InvariantCulture);
            at = row.IndexOf(text, at, StringComparison.Ordinal);
            if (at < 0)
                throw new InvalidDataException($"{beginning}: {Page} has \"{row}\", and the code {text}");
            at += text.Length;
        }
    }
}
