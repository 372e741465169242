using System.Text.RegularExpressions;
using Tunnel.TestUtilities;

namespace Tunnel.ArchitectureTests;

/// <summary>The pages hang together, and the example is the program that is built.</summary>
public sealed partial class DocumentationTests
{
    [Fact]
    public void Every_link_leads_to_a_file_and_a_heading_that_is_there() =>
        Assert.Empty(PageLinks.Broken(Documentation.Root, Documentation.Pages));

    [Fact]
    public void Every_page_for_operators_is_in_the_table_of_contents()
    {
        var index = Documentation.Read("docs/operations.md");

        Assert.All(
            Documentation.Pages.Where(page => page.StartsWith("docs/operations/", StringComparison.Ordinal)),
            page => Assert.Contains($"({page["docs/".Length..]})", index, StringComparison.Ordinal));
    }

    [Fact]
    public void The_librarys_example_is_what_is_built_and_run()
    {
        var page = Documentation.Read("docs/library.md");

        Assert.Contains($"```csharp\n{Documentation.Read("examples/Embedded/Program.cs")}```\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Pages_and_headings_that_comments_name_are_there()
    {
        var wrong = SourceTree.AllFiles.SelectMany(static file => PageExpression().Matches(file.Comments)
            .Where(static link => !HasHeading(link.Groups["page"].Value, link.Groups["heading"].Value))
            .Select(link => $"{file.Path}: {link.Value}"));

        Assert.Empty(wrong);
    }

    private static bool HasHeading(string page, string heading) =>
        File.Exists(Path.Combine(Documentation.Root, page))
            && (heading.Length == 0
                || Documentation.Read(page).Split('\n').Any(line => line.StartsWith('#') && line.TrimStart('#', ' ') == heading));

    [GeneratedRegex(@"(?<page>\bdocs/[\w/-]+\.md)(?:, (?<heading>[A-Z][\w ]*))?")]
    private static partial Regex PageExpression();
}
