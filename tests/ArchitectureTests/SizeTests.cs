using System.Text.RegularExpressions;

namespace Tunnel.ArchitectureTests;

/// <summary>
/// What is small enough to be read at once (docs/architecture.md). Where more is right, a comment that begins as given here says why.
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
            internal sealed record Values(int A, int B);
            internal sealed class None { }
            """);

        Assert.Equal([("One", 3), ("One", 1)], Constructors(file));
    }

    // A record is a value: what it has are no collaborators.
    private static IEnumerable<(string Type, int Count)> Constructors(SourceFile file) =>
        file.Types.SelectMany(type =>
            Regex.Matches(
                file.Code, $@"\b(?:class|struct)\s+{type}\b(?:<[^>()]*>)?\s*\(|\b(?:public|internal|private|protected)\s+{type}\s*\(")
            .Where(match => !RecordExpression().IsMatch(file.Code[..match.Index]))
            .Select(match => (type, CountParameters(file.Code, match.Index + match.Length))));

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

    [GeneratedRegex(@"\brecord\s+$")]
    private static partial Regex RecordExpression();
}
