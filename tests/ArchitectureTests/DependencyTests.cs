namespace Tunnel.ArchitectureTests;

/// <summary>Dependencies point one way (docs/architecture.md).</summary>
public sealed class DependencyTests
{
    [Fact]
    public void Edge_and_hub_never_see_each_other_and_Shared_sees_neither()
    {
        var graph = new FolderGraph(SourceTree.Files);

        var wrong = graph.Arrows.SelectMany(from => from.Value
            .Where(to => ProjectOf(from.Key) != ProjectOf(to.Key) && ProjectOf(to.Key) != "Shared")
            .Select(to => $"{from.Key} → {to.Key}: {to.Value}"));

        Assert.Empty(wrong);
    }

    [Fact]
    public void The_protocol_sees_nothing_else()
    {
        var graph = new FolderGraph(SourceTree.Files);

        var wrong = graph.Arrows.Where(from => IsProtocol(from.Key)).SelectMany(from => from.Value
            .Where(to => !IsProtocol(to.Key)).Select(to => $"{from.Key} → {to.Key}: {to.Value}"));

        Assert.Empty(wrong);
    }

    [Fact]
    public void The_mux_knows_no_tunnel_and_no_socket()
    {
        string[] unknown = [
            "MuxTunnel", "TunnelEnding", "FrameReader", "FrameWriter", "TlsConnection", "Socket", "EventLoop", "LoopSocket"];
        var mux = SourceTree.Files.Where(static file =>
            file.Namespace.StartsWith("Tunnel.Shared.Transport.Mux.", StringComparison.Ordinal)
                && !file.Namespace.EndsWith(".Lanes", StringComparison.Ordinal)
            || file.Path.EndsWith("/Mux/MuxEndpoint.cs", StringComparison.Ordinal)).ToArray();

        Assert.Contains(mux, static file => file.Types.Contains("MuxCore"));
        Assert.Empty(mux.SelectMany(file => file.Names.Intersect(unknown).Select(name => $"{file.Path} names {name}")));
    }

    [Fact]
    public void No_folders_lead_to_each_other()
    {
        var graph = new FolderGraph(SourceTree.Files);

        var knots = graph.Knots().Select(knot => string.Join('\n', knot.SelectMany(folder => graph.Arrows[folder]
            .Where(to => knot.Contains(to.Key)).Select(to => $"{folder} → {to.Key}: {to.Value}"))));

        Assert.Empty(knots);
    }

    [Fact]
    public void A_knot_is_found()
    {
        var graph = new FolderGraph(
        [
            SourceFile.Parse(
                "src/Edge/A/One.cs", "using Tunnel.Edge.B;\nnamespace Tunnel.Edge.A;\ninternal sealed class One { private Two? _two; }\n"),
            SourceFile.Parse("src/Edge/B/Two.cs", "namespace Tunnel.Edge.B;\ninternal sealed class Two { private Tunnel.Edge.A.One? "
                + "_one; }\ninternal delegate int[] Three();\n"),
            SourceFile.Parse("src/Edge/B/Four.cs", "using Tunnel.Edge.A;\nnamespace Tunnel.Edge.B;\n// Not this One.\ninternal interface "
                + "IFour { One Find(string text = \"One\"); }\n"),
        ]);

        Assert.Equal(["Tunnel.Edge.A", "Tunnel.Edge.B"], Assert.Single(graph.Knots()));
        Assert.Equal("src/Edge/B/Two.cs names Tunnel.Edge.A.One", graph.Arrows["Tunnel.Edge.B"]["Tunnel.Edge.A"]);
    }

    [Fact]
    public void A_type_behind_a_dot_is_found()
    {
        var graph = new FolderGraph(
        [
            SourceFile.Parse("src/Edge/A/One.cs", "namespace Tunnel.Edge.A;\ninternal enum One { Of }\n"),
            SourceFile.Parse(
                "src/Edge/B/Two.cs", "namespace Tunnel.Edge.B;\ninternal sealed class Two { private A.One _one = A.One.Of; }\n"),
            SourceFile.Parse(
                "src/Hub/C/Three.cs", "namespace Tunnel.Hub.C;\ninternal sealed class Three { private Edge.A.One _one = Self.One; }\n"),
        ]);

        Assert.Equal("src/Edge/B/Two.cs names A.One", graph.Arrows["Tunnel.Edge.B"]["Tunnel.Edge.A"]);
        Assert.Equal("src/Hub/C/Three.cs names Edge.A.One", graph.Arrows["Tunnel.Hub.C"]["Tunnel.Edge.A"]);
    }

    private static string ProjectOf(string folder) => folder.Split('.')[1];

    private static bool IsProtocol(string folder) => folder.StartsWith("Tunnel.Shared.Protocol", StringComparison.Ordinal);
}
