namespace Tunnel.ArchitectureTests;

/// <summary>A thing is found where its name says, and a name means one thing (docs/architecture.md).</summary>
public sealed class NamesTests
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
    public void No_two_types_of_a_project_share_a_name()
    {
        var wrong = SourceTree.Files
            .SelectMany(static file => file.Types.Distinct().Select(type => (Project: file.Namespace.Split('.')[1], Type: type, file.Path)))
            .GroupBy(static type => (type.Project, type.Type))
            .Where(static group => group.Count() > 1)
            .Select(static group => $"{group.Key.Type}: {string.Join(", ", group.Select(static type => type.Path))}");

        Assert.Empty(wrong);
    }

    // src/Edge/Tcp/X.cs is in Tunnel.Edge.Tcp, tests/Edge.UnitTests/Tcp/X.cs in Tunnel.Edge.UnitTests.Tcp.
    private static string ExpectedNamespace(string path) => "Tunnel." + string.Join('.', path.Split('/')[1..^1]);
}
