using System.Text.RegularExpressions;

namespace Tunnel.ArchitectureTests;

/// <summary>docs/architecture.md draws the order of the folders, and this is it.</summary>
public sealed partial class OrderTests
{
    // This maps each folder to the line on which it is drawn.
    private static readonly (string Folder, int Line)[] Order = ReadOrder();

    [Fact]
    public void A_folder_names_only_what_is_drawn_above_it()
    {
        var graph = new FolderGraph(SourceTree.Files);

        var wrong = graph.Arrows.SelectMany(from => from.Value
            .Where(to => LineOf(to.Key) >= LineOf(from.Key))
            .Select(to => $"{from.Key} → {to.Key}: {to.Value}"));

        Assert.Empty(wrong);
    }

    [Fact]
    public void Each_folder_is_drawn_once()
    {
        var folders = SourceTree.Files.Select(static file => file.Namespace).Distinct().Order(StringComparer.Ordinal);

        Assert.Equal(folders, Order.Select(static drawn => drawn.Folder).Order(StringComparer.Ordinal));
    }

    // The block of code that begins with "order" has a line for each step: folders of one project, with spaces between.
    private static (string Folder, int Line)[] ReadOrder()
    {
        var text = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "architecture.md"));
        return [.. BlockExpression().Match(text).Groups[1].Value.Split('\n').SelectMany(static (line, at) => line
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => ("Tunnel." + folder.Replace('/', '.'), at)))];
    }

    private static int LineOf(string folder) => Order.Single(drawn => drawn.Folder == folder).Line;

    [GeneratedRegex("```order\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex BlockExpression();
}
