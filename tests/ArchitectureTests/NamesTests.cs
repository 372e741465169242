using System.Text.RegularExpressions;

namespace Tunnel.ArchitectureTests;

/// <summary>A thing is found where its name says, and a name means one thing (docs/architecture.md).</summary>
public sealed partial class NamesTests
{
    [Fact]
    public void Namespaces_follow_folders()
    {
        var wrong = SourceTree.Files.Concat(SourceTree.TestFiles)
            .Where(file => file.Namespace != ExpectedNamespace(file.Path))
            .Select(file => $"{file.Path}: {file.Namespace}, which must be {ExpectedNamespace(file.Path)}");

        Assert.Empty(wrong);
    }

    [Fact]
    public void No_two_types_of_a_program_share_a_name()
    {
        // Hub and edge never meet, but what they share is in both programs. In one namespace the files of a partial type share its name. A
        // type within another one counts too: its short name is what a reader meets.
        var wrong = ((string[])["Hub", "Edge"]).SelectMany(static program => SourceTree.Files
            .Where(file => file.Namespace.Split('.')[1] is var project && (project == program || project == "Shared"))
            .SelectMany(static file => file.AllTypes.Distinct().Select(type => (Type: type, file.Namespace, file.Path)))
            .GroupBy(static type => type.Type)
            .Where(static group => group.DistinctBy(static type => type.Namespace).Count() > 1)
            .Select(static group => $"{group.Key}: {string.Join(", ", group.Select(static type => type.Path))}"))
            .Distinct();

        Assert.Empty(wrong);
    }

    [Fact]
    public void Lines_of_the_log_are_written_in_one_form()
    {
        // Their class stands before the call, because its name says where the event ids come from: XLog.Happened(logger, …).
        var wrong = SourceTree.AllFiles
            .SelectMany(static file => LogExtensionExpression().Matches(file.Code).Select(match => $"{file.Path}: {match.Value}"));

        Assert.Empty(wrong);
    }

    [GeneratedRegex(@"\bthis\s+ILogger\b\s+\w+")]
    private static partial Regex LogExtensionExpression();

    // For example, src/Edge/Tcp/X.cs is in Tunnel.Edge.Tcp, and tests/Edge.UnitTests/Tcp/X.cs in Tunnel.Edge.UnitTests.Tcp.
    private static string ExpectedNamespace(string path) => "Tunnel." + string.Join('.', path.Split('/')[1..^1]);
}
