using System.Text.RegularExpressions;

namespace Tunnel.ArchitectureTests;

/// <summary>docs/architecture.md draws the order of the folders, and this is it.</summary>
public sealed partial class OrderTests
{
    private static readonly string[] Order = ReadOrder();

    [Fact]
    public void A_folder_names_only_what_is_drawn_above_it()
    {
        var graph = new FolderGraph(SourceTree.Files);

        var wrong = graph.Arrows.SelectMany(from => from.Value
            .Where(to => Array.IndexOf(Order, to.Key) > Array.IndexOf(Order, from.Key))
            .Select(to => $"{from.Key} → {to.Key}: {to.Value}"));

        Assert.Empty(wrong);
    }

    [Fact]
    public void Each_folder_is_drawn_once()
    {
        var folders = SourceTree.Files.Select(static file => file.Namespace).Distinct().Order(StringComparer.Ordinal);

        Assert.Equal(folders, Order.Order(StringComparer.Ordinal));
    }

    // The block of code that begins with "order" has a line for each step: folders of one project, with spaces between.
    private static string[] ReadOrder()
    {
        var text = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "architecture.md"));
        return [.. BlockExpression().Match(text).Groups[1].Value
            .Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)
            .Select(static folder => "Tunnel." + folder.Replace('/', '.'))];
    }

    [GeneratedRegex("```order\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex BlockExpression();
}
