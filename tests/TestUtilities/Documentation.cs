using System.Text.RegularExpressions;

namespace Tunnel.TestUtilities;

/// <summary>Reads the repository's pages.</summary>
public static partial class Documentation
{
    private static readonly string[] Kept = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];

    /// <summary>The repository's directory.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>All pages, as paths from the root.</summary>
    public static IEnumerable<string> Pages =>
        Kept.Concat(
            Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories).Select(
                page => Path.GetRelativePath(Root, page)));

    /// <summary>Returns a page's text.</summary>
    public static string Read(string page) => File.ReadAllText(Path.Combine(Root, page));

    /// <summary>Returns the lines of a page that are in no block of code, with their numbers from 1.</summary>
    public static IEnumerable<(int Number, string Text)> Prose(string page)
    {
        var isCode = false;
        foreach (var (index, line) in Read(page).Split('\n').Index())
        {
            var isFence = line.TrimStart().StartsWith("```", StringComparison.Ordinal);
            isCode ^= isFence;
            if (!isCode && !isFence && !line.StartsWith("    ", StringComparison.Ordinal))
                yield return (index + 1, line);
        }
    }

    /// <summary>
    /// The first block of code of a kind (<c>json</c>, <c>sh</c>) that begins with this text; null when the page has none.
    /// </summary>
    public static string? Block(string page, string kind, string start) => Fence().Matches(Read(page))
        .Where(match => match.Groups["kind"].Value == kind).Select(match => match.Groups["text"].Value)
        .FirstOrDefault(text => text.StartsWith(start, StringComparison.Ordinal));

    /// <summary>Returns the lines of shell of a page in its order: of its blocks, without comments, with continued lines as one.</summary>
    public static IEnumerable<string> ShellLines(string page) => ShellLinesOf(Read(page));

    /// <summary>Returns the lines of shell of a part of a page.</summary>
    public static IEnumerable<string> ShellLinesOf(string text) =>
        Fence().Matches(text).Where(match => match.Groups["kind"].Value == "sh")
            .SelectMany(match => Continued().Replace(match.Groups["text"].Value, " ").Split('\n'))
            .Where(line => line.Length > 0 && line[0] != '#');

    /// <summary>Returns the headings of the second level of a page.</summary>
    public static IEnumerable<string> Headings(string page) =>
        SectionHeading().Matches(Read(page)).Select(match => match.Groups["text"].Value);

    /// <summary>Returns the text under a heading of the second level.</summary>
    public static string Section(string page, string heading)
    {
        var text = Read(page);
        var start = text.IndexOf($"\n## {heading}\n", StringComparison.Ordinal);
        var end = text.IndexOf("\n## ", start + 1, StringComparison.Ordinal);
        return text[start..(end < 0 ? text.Length : end)];
    }

    /// <summary>Returns the files that a part of a page shows: blocks behind a line that ends with the path and a colon.</summary>
    public static IEnumerable<(string Path, string Content)> FilesOf(string text) =>
        ShownFile().Matches(text).Select(match => (match.Groups["path"].Value, match.Groups["text"].Value));

    /// <summary>
    /// Command lines of a program in pages for operators, as an operator would type them: in blocks of code and among the text. What is in
    /// brackets may be left out and is not; of several words with | between them each makes a line.
    /// </summary>
    /// <returns>Each line, and whether it only stands in a sentence, where a command may be named without what it needs.</returns>
    public static IEnumerable<(string Line, bool IsMention)> CommandsOf(string program) =>
        Pages.Where(page => page == "README.md" || page.StartsWith("docs/operations", StringComparison.Ordinal))
            .SelectMany(page => LinesOf(page, program)).Distinct();

    /// <summary>Returns the command lines of one page.</summary>
    public static IEnumerable<(string Line, bool IsMention)> CommandsOf(string page, string program) => LinesOf(page, program).Distinct();

    private static IEnumerable<(string Line, bool IsMention)> LinesOf(string page, string program) =>
        Lines(Read(page), program).SelectMany(found => Alternatives(found.Line).Select(line => (line, found.IsMention)));

    private static IEnumerable<(string Line, bool IsMention)> Lines(string text, string program)
    {
        foreach (Match match in CommandLine().Matches(text))
        {
            var line = match.Groups["line"].Value;
            if (line.StartsWith(program + " ", StringComparison.Ordinal))
            {
                var command = Trailer().Replace(line, "");
                var plain = command.Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal);
                yield return (plain.Trim(), match.Value[0] == '`');
            }
        }
    }

    private static IEnumerable<string> Alternatives(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var at = Array.FindIndex(words, word => word.Contains('|', StringComparison.Ordinal));
        return at < 0 ? [string.Join(' ', words)] : words[at].Split('|').SelectMany(word =>
            Alternatives(string.Join(' ', [.. words[..at], word, .. words[(at + 1)..]])));
    }

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Tunnel.sln")))
            directory = directory.Parent ?? throw new DirectoryNotFoundException("Tunnel.sln is in no directory above this program.");
        return directory.FullName;
    }

    [GeneratedRegex(@"(?:^ *(?:sudo )?(?:\S*/)?|`(?:sudo )?|\$\((?:sudo )?)(?<line>tunnel-(?:hub|edge) [^`\n)]*)", RegexOptions.Multiline)]
    private static partial Regex CommandLine();

    [GeneratedRegex(@"^```(?<kind>\w+)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("^## (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex SectionHeading();

    [GeneratedRegex(@"`(?<path>/[^`]+)`:\n\n```\w*\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex ShownFile();

    [GeneratedRegex(@" *\\\n *")]
    private static partial Regex Continued();

    // A command ends before an explanation behind two spaces or a comma, another command, a comment, or what is left out.
    [GeneratedRegex(@"(?:  |,? …|\.\.\.|, | \| | && | > | #|; ).*$")]
    private static partial Regex Trailer();
}
