using System.Text.RegularExpressions;

namespace Tunnel.TestUtilities;

/// <summary>Follows the links of pages to files and headings beside them.</summary>
public static partial class PageLinks
{
    /// <summary>Returns the links that lead nowhere, each with its page.</summary>
    /// <param name="root">The directory of the pages.</param>
    /// <param name="pages">The pages, as paths from the root.</param>
    public static IEnumerable<string> Broken(string root, IEnumerable<string> pages) =>
        from page in pages
        from Match link in Link().Matches(File.ReadAllText(Path.Combine(root, page)))
        let target = link.Groups["target"].Value
        where !target.Contains("://", StringComparison.Ordinal) && !IsThere(root, page, target)
        select $"{page}: {target}";

    private static bool IsThere(string root, string page, string target)
    {
        var (path, anchor) = target.Split('#') is [var file, var heading] ? (file, heading) : (target, null);
        var full = path.Length == 0
            ? Path.Combine(root, page)
            : Path.GetFullPath(Path.Combine(root, Path.GetDirectoryName(page)!, path));
        if (!File.Exists(full))
            return Directory.Exists(full) && anchor is null;
        return anchor is null || Heading().Matches(File.ReadAllText(full)).Any(match => Slug(match.Groups["text"].Value) == anchor);
    }

    // GitHub makes the slugs of headings in this way.
    private static string Slug(string heading) => NotInSlugs().Replace(heading.ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex(@"(?<!`)\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#{1,6} (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex NotInSlugs();
}
