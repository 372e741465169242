using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Tunnel.Shared.Protocol;

namespace Tunnel.Shared.Operator;

/// <summary>Reads and writes lists of ports as operators write them: <c>80,443,8000-8010</c>.</summary>
public static class PortList
{
    /// <summary>The most ports that one list may have in total.</summary>
    public const int MaxPorts = 16_384;

    private const int MaxErrors = 20;
    private const int MaxQuoted = 40;

    /// <summary>Reads a list; an empty one has no ports.</summary>
    /// <param name="text">Ports and ranges separated by commas; spaces don't matter.</param>
    /// <param name="ports">The ports, sorted; empty if there are errors.</param>
    /// <param name="errors">Everything that is wrong, each with the entry and what would be valid (at most 20).</param>
    /// <param name="maxPorts">The most ports that the list may have in total; a list that only limits others may have all.</param>
    /// <returns>Whether there are no errors.</returns>
    public static bool TryParse(string? text, out ImmutableArray<int> ports, out ImmutableArray<string> errors, int maxPorts = MaxPorts)
    {
        var found = new SortedSet<int>();
        var wrong = ImmutableArray.CreateBuilder<string>();
        if (!string.IsNullOrWhiteSpace(text))
        {
            foreach (var range in text.AsSpan().Split(','))
            {
                if (wrong.Count == MaxErrors)
                    break;
                if (ParseEntry(text.AsSpan()[range].Trim(), found, maxPorts) is { } error)
                    wrong.Add(error);
            }
        }

        errors = wrong.DrainToImmutable();
        ports = errors.IsEmpty ? [.. found] : [];
        return errors.IsEmpty;
    }

    /// <summary>Writes a list, with adjacent ports as ranges.</summary>
    /// <param name="ports">The ports, in any order; duplicates are written once.</param>
    public static string Format(IEnumerable<int> ports)
    {
        var text = new StringBuilder();
        var sorted = ports.Distinct().Order().ToArray();
        for (var first = 0; first < sorted.Length;)
        {
            var last = first;
            while (last + 1 < sorted.Length && sorted[last + 1] == sorted[last] + 1)
                last++;
            if (text.Length > 0)
                text.Append(',');
            text.Append(CultureInfo.InvariantCulture, $"{sorted[first]}");
            if (last > first)
                text.Append(CultureInfo.InvariantCulture, $"-{sorted[last]}");
            first = last + 1;
        }

        return text.ToString();
    }

    private static string? ParseEntry(ReadOnlySpan<char> entry, SortedSet<int> found, int maxPorts)
    {
        var dash = entry.IndexOf('-');
        var firstText = dash < 0 ? entry : entry[..dash].Trim();
        var lastText = dash < 0 ? entry : entry[(dash + 1)..].Trim();
        if (!TryParsePort(firstText, out var first) || !TryParsePort(lastText, out var last))
            return $"\"{Quote(entry)}\" is not a port or a range of ports from {Port.Min} to {Port.Max}";
        if (first > last)
            return $"\"{Quote(entry)}\" begins with the higher port; valid would be {last}-{first}";
        if (last - first >= maxPorts - found.Count)
            return $"\"{Quote(entry)}\" makes more than {maxPorts} ports in total";

        string? error = null;
        for (var port = first; port <= last; port++)
        {
            if (!found.Add(port))
                error ??= $"\"{Quote(entry)}\" has port {port}, which is there twice";
        }

        return error;
    }

    private static bool TryParsePort(ReadOnlySpan<char> text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is >= Port.Min and <= Port.Max;

    private static string Quote(ReadOnlySpan<char> entry) => entry.Length <= MaxQuoted ? entry.ToString() : $"{entry[..MaxQuoted]}…";
}
