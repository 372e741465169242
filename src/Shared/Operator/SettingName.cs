using System.Text;

namespace Tunnel.Shared.Operator;

/// <summary>Spells names of settings as options, and finds the nearest one to a misspelled name.</summary>
public static class SettingName
{
    /// <summary>Converts a name to an option: <c>tunnelPort</c> → <c>tunnel-port</c>, <c>tls:certPem</c> → <c>tls-cert-pem</c>.</summary>
    public static string ToOption(string key)
    {
        var option = new StringBuilder();
        foreach (var character in key)
        {
            if (char.IsAsciiLetterUpper(character))
            {
                option.Append('-').Append(char.ToLowerInvariant(character));
            }
            else
            {
                option.Append(character is ':' or '.' ? '-' : character);
            }
        }

        return option.ToString();
    }

    /// <summary>The valid name that takes the fewest edits, or null when none is close (more than a third of the letters differ).</summary>
    public static string? Nearest(string name, IEnumerable<string> valid) =>
        valid.Select(candidate => (candidate, distance: Distance(name.ToLowerInvariant(), candidate.ToLowerInvariant())))
            .Where(match => match.distance <= Math.Max(2, match.candidate.Length / 3))
            .OrderBy(match => match.distance)
            .Select(match => match.candidate)
            .FirstOrDefault();

    /// <summary>Levenshtein's distance, by the two-row method.</summary>
    private static int Distance(string left, string right)
    {
        var previous = Enumerable.Range(0, right.Length + 1).ToArray();
        var current = new int[right.Length + 1];
        for (var row = 1; row <= left.Length; row++)
        {
            current[0] = row;
            for (var column = 1; column <= right.Length; column++)
            {
                var substitution = previous[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1);
                current[column] = Math.Min(substitution, Math.Min(previous[column], current[column - 1]) + 1);
            }

            (previous, current) = (current, previous);
        }

        return previous[right.Length];
    }
}
