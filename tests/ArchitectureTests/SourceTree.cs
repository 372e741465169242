namespace Tunnel.ArchitectureTests;

/// <summary>All files under src/.</summary>
internal static class SourceTree
{
    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<SourceFile> Files { get; } =
    [
        .. Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(path => SourceFile.Read(Root, path))

            // Program.cs has top-level statements: it sees all, and nobody sees it.
            .Where(file => file.Namespace.Length > 0),
    ];

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Tunnel.sln")))
            directory = directory.Parent ?? throw new DirectoryNotFoundException("Tunnel.sln is in no directory above this program.");
        return directory.FullName;
    }
}
