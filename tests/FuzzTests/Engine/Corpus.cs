using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Tunnel.FuzzTests.Engine;

/// <summary>
/// The inputs that were found once, a file each in <c>Corpus/TARGET</c>: they are run first, and mutated as the seeds are.
/// </summary>
internal static class Corpus
{
    /// <summary>The folder in the repository that this program was built from.</summary>
    public static string Sources { get; } = Path.Combine(SourceFolder(), "..", "Corpus");

    /// <summary>The copy beside the program, made when it was built.</summary>
    public static string Copied { get; } = Path.Combine(AppContext.BaseDirectory, "Corpus");

    public static IReadOnlyList<(string Name, byte[] Input)> Of(FuzzTarget target)
    {
        var folder = Path.Combine(Copied, target.Name);
        return Directory.Exists(folder)
            ? [
                .. Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(
                    static path => (Path.GetFileName(path), File.ReadAllBytes(path)))]
            : [];
    }

    /// <summary>Writes a finding's input, under a name that says nothing yet.</summary>
    /// <returns>The file's path.</returns>
    public static string Save(string folder, FuzzTarget target, byte[] input)
    {
        var path = Path.Combine(Path.GetFullPath(folder), target.Name, $"found-{Convert.ToHexStringLower(SHA256.HashData(input))[..12]}");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, input);
        return path;
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
