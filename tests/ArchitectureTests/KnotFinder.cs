namespace Tunnel.ArchitectureTests;

/// <summary>Finds what leads to itself, over whatever number of others.</summary>
internal static class KnotFinder
{
    /// <summary>Returns each set of things that lead to each other, sorted.</summary>
    /// <param name="arrows">What each of them leads to.</param>
    public static IEnumerable<string[]> Find(IReadOnlyDictionary<string, HashSet<string>> arrows)
    {
        var reached = arrows.Keys.ToDictionary(static from => from, from => Reach(arrows, from));
        return arrows.Keys
            .Where(from => reached[from].Contains(from))
            .Order(StringComparer.Ordinal)
            .GroupBy(from => string.Join(
                ' ',
                reached[from].Where(other => reached.TryGetValue(other, out var back) && back.Contains(from)).Order(
                    StringComparer.Ordinal)))
            .Select(static group => group.Key.Split(' '));
    }

    private static HashSet<string> Reach(IReadOnlyDictionary<string, HashSet<string>> arrows, string from)
    {
        var found = new HashSet<string>();
        var left = new Stack<string>([from]);
        while (left.TryPop(out var next))
        {
            foreach (var to in arrows.GetValueOrDefault(next, []))
            {
                if (found.Add(to))
                    left.Push(to);
            }
        }

        return found;
    }
}
