using System.Text.RegularExpressions;

namespace Tunnel.ArchitectureTests;

/// <summary>
/// A file under src/ as text: which namespace it is in, which it opens, which types it declares, and which names it mentions.
/// </summary>
internal sealed partial class SourceFile
{
    private SourceFile(string path, string text)
    {
        Path = path;
        Lines = text.TrimEnd('\n').Split('\n');
        LinesWithoutQuotations = RawStringExpression()
            .Replace(text.TrimEnd('\n'), static quoted => new string('\n', quoted.Value.Count(static character => character == '\n')))
            .Split('\n');
        var code = Code = NoiseExpression().Replace(text, " ");
        Namespace = NamespaceExpression().Match(code).Groups[1].Value;
        Usings = [.. UsingExpression().Matches(code).Select(match => match.Groups[1].Value)];
        var types = TypeExpression().Matches(code);
        Types = [.. types.Where(match => match.Groups["indent"].Length == 0).Select(match => match.Groups["name"].Value)];
        AllTypes = [.. types.Select(match => match.Groups["name"].Value)];
        Paths = [.. PathExpression().Matches(code).Select(match => match.Value)];
        Names = [.. NameExpression().Matches(code).Select(match => match.Value)];
    }

    /// <summary>The path relative to the repository's root, with slashes.</summary>
    public string Path { get; }

    public string[] Lines { get; }

    /// <summary>
    /// The same lines without what stands in raw strings (JSON, a script): its lines are another language's and stay as they were written.
    /// </summary>
    public string[] LinesWithoutQuotations { get; }

    /// <summary>The text of the file's comments, without the line breaks in it.</summary>
    public string Comments => string.Join(' ', Lines.Select(static line => line.TrimStart())
        .Where(static line => line.StartsWith("//", StringComparison.Ordinal)).Select(static line => line.TrimStart('/', ' ')));

    /// <summary>The text without comments, strings and characters.</summary>
    public string Code { get; }

    public string Namespace { get; }

    public string[] Usings { get; }

    /// <summary>Types that are declared at the top level of the file.</summary>
    public string[] Types { get; }

    /// <summary>All types that are declared in the file, those within others too.</summary>
    public string[] AllTypes { get; }

    /// <summary>Identifiers that are not members of something (behind a dot).</summary>
    public HashSet<string> Names { get; }

    /// <summary>Names with dots, from their first part on: perhaps a namespace and a type of it.</summary>
    public HashSet<string> Paths { get; }

    /// <summary>Returns whether a line of the file is such a comment, with something behind these words.</summary>
    public bool Says(string words) =>
        Lines.Any(line => line.TrimStart().StartsWith(words, StringComparison.Ordinal) && line.TrimStart().Length > words.Length + 20);

    public static SourceFile Read(string root, string path) => Parse(System.IO.Path.GetRelativePath(root, path), File.ReadAllText(path));

    public static SourceFile Parse(string path, string text) => new(path, text);

    /// <summary>Returns the namespace itself and those around it, the nearest first.</summary>
    public static IEnumerable<string> Around(string name)
    {
        for (; name.Length > 0; name = name.LastIndexOf('.') is > 0 and var end ? name[..end] : "")
            yield return name;
    }

    [GeneratedRegex(
        "//[^\n]*|/\\*.*?\\*/|\"\"\".*?\"\"\"|@\"(?:[^\"]|\"\")*\"|\"(?:\\\\.|[^\"\\\\\n])*\"|'(?:\\\\.|[^'\\\\])+'",
        RegexOptions.Singleline)]
    private static partial Regex NoiseExpression();

    [GeneratedRegex("(\"{3,}).*?\\1", RegexOptions.Singleline)]
    private static partial Regex RawStringExpression();

    [GeneratedRegex(@"^namespace\s+([\w.]+)\s*;", RegexOptions.Multiline)]
    private static partial Regex NamespaceExpression();

    [GeneratedRegex(@"^using\s+(?:static\s+|\w+\s*=\s*)?(Tunnel[\w.]*)\s*;", RegexOptions.Multiline)]
    private static partial Regex UsingExpression();

    [GeneratedRegex(
        @"^(?<indent>[ ]*)(?:(?:public|internal|private|protected|sealed|static|abstract|readonly|partial|unsafe|ref|file)\s+)*"
        + @"(?:class|struct|interface|enum|record(?:\s+(?:class|struct))?|delegate\s+[\w<>?,\s\[\]]+?)\s+(?<name>\w+)",
        RegexOptions.Multiline)]
    private static partial Regex TypeExpression();

    [GeneratedRegex(@"(?<![\w.])[A-Z]\w*")]
    private static partial Regex NameExpression();

    [GeneratedRegex(@"(?<![\w.])[A-Z]\w*(?:\.[A-Z]\w*)+")]
    private static partial Regex PathExpression();
}
