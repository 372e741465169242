namespace Tunnel.ArchitectureTests;

/// <summary>Knows which folder (namespace) mentions types of which other one, with a witness for each arrow.</summary>
internal sealed class FolderGraph
{
    private readonly SortedDictionary<string, SortedDictionary<string, string>> _arrows = new(StringComparer.Ordinal);

    public FolderGraph(IReadOnlyList<SourceFile> files)
    {
        var declared = files.SelectMany(file => file.Types.Select(type => (file.Namespace, type))).ToHashSet();
        foreach (var file in files)
        {
            string[] visible = [.. SourceFile.Around(file.Namespace), .. file.Usings];
            foreach (var name in file.Names)
            {
                // Names are found as the compiler finds them: in the nearest namespace first.
                var home = visible.FirstOrDefault(space => declared.Contains((space, name)));
                if (home is not null && home != file.Namespace)
                    Of(file.Namespace).TryAdd(home, $"{file.Path} names {name}");
            }

            foreach (var path in file.Paths)
            {
                if (HomeOf(path, file.Namespace, declared) is { } home && home != file.Namespace)
                    Of(file.Namespace).TryAdd(home, $"{file.Path} names {path}");
            }
        }
    }

    /// <summary>The folders that each folder leads to, and why.</summary>
    public IReadOnlyDictionary<string, SortedDictionary<string, string>> Arrows => _arrows;

    /// <summary>Returns each set of folders that lead to each other, in whatever number of steps, sorted.</summary>
    public IEnumerable<string[]> Knots() =>
        KnotFinder.Find(_arrows.ToDictionary(static from => from.Key, static from => from.Value.Keys.ToHashSet()));

    // A namespace may be named in full, or relative to the file's own namespace and to those around it.
    private static string? HomeOf(string path, string space, HashSet<(string, string)> declared)
    {
        var parts = path.Split('.');
        return Enumerable.Range(1, parts.Length - 1)
            .SelectMany(count => SourceFile.Around(space).Select(static around => around + ".").Append("")
                .Select(around => (Home: around + string.Join('.', parts[..count]), Type: parts[count])))
            .Where(declared.Contains)
            .Select(static found => found.Home)
            .FirstOrDefault();
    }

    private SortedDictionary<string, string> Of(string folder)
    {
        if (!_arrows.TryGetValue(folder, out var arrows))
            _arrows.Add(folder, arrows = new SortedDictionary<string, string>(StringComparer.Ordinal));
        return arrows;
    }
}
