using System.Text.RegularExpressions;
using Tunnel.TestUtilities;

namespace Tunnel.ArchitectureTests;

/// <summary>
/// Files, lines and constructors are small enough to be read at once (docs/architecture.md). Where more is right, a comment that begins as
/// given here says why.
/// </summary>
public sealed partial class SizeTests
{
    private const int MaxLines = 300;
    private const int MaxLength = 140;
    private const int MaxCollaborators = 8;

    [Fact]
    public void No_file_is_long_without_a_reason()
    {
        var wrong = SourceTree.Files
            .Where(file => file.Lines.Length > MaxLines && !file.Says($"// Over {MaxLines} lines: "))
            .Select(file => $"{file.Path} has {file.Lines.Length} lines");

        Assert.Empty(wrong);
    }

    [Fact]
    public void No_line_is_wide()
    {
        var wrong = SourceTree.AllFiles
            .SelectMany(static file => file.LinesWithoutQuotations.Select((line, index) => (file.Path, Line: index + 1, line.Length)))
            .Where(static line => line.Length > MaxLength)
            .Select(static line => $"{line.Path}:{line.Line} has {line.Length} characters");

        Assert.Empty(wrong);
    }

    [Fact]
    public void No_line_of_a_page_is_wide_but_for_tables_and_code()
    {
        var wrong =
            from page in Documentation.Pages
            from line in Documentation.Prose(page)
            where line.Text.Length > MaxLength && line.Text.TrimStart() is not ['|', ..]
            select $"{page}:{line.Number} has {line.Text.Length} characters";

        Assert.Empty(wrong);
    }

    [Fact]
    public void No_constructor_takes_many_collaborators_without_a_reason()
    {
        var wrong = SourceTree.Files
            .Where(file => !file.Says($"// Over {MaxCollaborators} collaborators: "))
            .SelectMany(file => Constructors(file).Where(static made => made.Count > MaxCollaborators)
                .Select(made => $"{file.Path}: {made.Type} takes {made.Count}"));

        Assert.Empty(wrong);
    }

    [Fact]
    public void Collaborators_are_counted()
    {
        var file = SourceFile.Parse("src/Edge/A/One.cs", """
            namespace Tunnel.Edge.A;
            internal sealed class One<T>(int a, Func<int, (int, int)> b = default, params int[,] c)
            {
                private One(string s)
                    : this(1, Other(2, 3))
                {
                }
            }
            internal sealed record Values(int A, int B) { public required None C { get; init; } }
            internal sealed class None
            {
                public required One<int> Given { get; init; }

                public IEnumerable<Func<int>>? Perhaps { get; init; } = null;

                public int Number { get; init; }

                public static One<int> Own { get; } = new() { Given = new() };
            }
            internal sealed class Two(int a)
            {
                public One<int>? Set { get; init; }
            }
            """);

        Assert.Equal([("One", 3), ("One", 1), ("None", 3), ("Two", 2)], Constructors(file));
    }

    // Counts what a class is given when it is made: parameters, and properties that are set then. A record is a value: what it has are no
    // collaborators.
    private static IEnumerable<(string Type, int Count)> Constructors(SourceFile file)
    {
        foreach (var type in file.Types)
        {
            var match = Regex.Match(file.Code, $@"\b(?:class|struct)\s+{type}\b");
            if (!match.Success || RecordExpression().IsMatch(file.Code[..match.Index]))
                continue;
            var properties = InitExpression().Count(BodyAt(file.Code, match.Index));
            int[] parameters = [.. Regex
                .Matches(
                    file.Code,
                    $@"\b(?:class|struct)\s+{type}\b(?:<[^>()]*>)?\s*\(|\b(?:public|internal|private|protected)\s+{type}\s*\(")
                .Select(made => CountParameters(file.Code, made.Index + made.Length))];
            if (parameters.Length == 0 && properties > 0)
                parameters = [0];
            foreach (var count in parameters)
                yield return (type, count + properties);
        }
    }

    // Returns the code from a type's first brace to the one that closes it; empty for a type without a body. A string within a string may
    // hide a brace: then it goes to the end of the file, which counts too many properties rather than too few.
    private static string BodyAt(string code, int at)
    {
        var begin = code.IndexOfAny(['{', ';'], at);
        var (end, depth) = (begin, 0);
        do
            depth += code[end++] switch { '{' => 1, '}' => -1, _ => 0 };
        while (depth > 0 && end < code.Length);
        return code[begin..end];
    }

    private static int CountParameters(string code, int at)
    {
        var (depth, count, any) = (1, 0, false);
        for (; depth > 0; at++)
        {
            depth += code[at] switch { '(' or '[' or '<' or '{' => 1, ')' or ']' or '>' or '}' => -1, _ => 0 };
            any |= depth > 0 && !char.IsWhiteSpace(code[at]);
            if (depth == 1 && code[at] == ',')
                count++;
        }

        return any ? count + 1 : 0;
    }

    [GeneratedRegex(@"\bget;\s*init;")]
    private static partial Regex InitExpression();

    [GeneratedRegex(@"\brecord\s+$")]
    private static partial Regex RecordExpression();
}
