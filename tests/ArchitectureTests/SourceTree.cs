namespace Tunnel.ArchitectureTests;

/// <summary>All files of the product and of its tests.</summary>
internal static class SourceTree
{
    public static string Root { get; } = FindRoot();

    /// <summary>The files under src/.</summary>
    public static IReadOnlyList<SourceFile> Files { get; } = ReadAll("src");

    /// <summary>The files under tests/.</summary>
    public static IReadOnlyList<SourceFile> TestFiles { get; } = ReadAll("tests");

    /// <summary>Everything that is written in C# here: measurements, tools, examples and the demonstration too.</summary>
    public static IReadOnlyList<SourceFile> AllFiles { get; } =
        [.. ((string[])["src", "tests", "bench", "tools", "examples", "demo"]).SelectMany(ReadEverything)];

    // Program.cs has top-level statements: it sees everything, and nothing sees it.
    private static SourceFile[] ReadAll(string folder) => [.. ReadEverything(folder).Where(static file => file.Namespace.Length > 0)];

    private static IEnumerable<SourceFile> ReadEverything(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(static path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(static path => SourceFile.Read(Root, path));

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Tunnel.sln")))
            directory = directory.Parent ?? throw new DirectoryNotFoundException("Tunnel.sln is in no directory above this program.");
        return directory.FullName;
    }
}
