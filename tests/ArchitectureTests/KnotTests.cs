namespace Tunnel.ArchitectureTests;

/// <summary>
/// Files that name each other can only be read together (docs/architecture.md), so only a few may. What is here was found when this was
/// first checked: no knot may grow, and none may be added.
/// </summary>
public sealed class KnotTests
{
    private const int MaxFiles = 3;

    // This gives a file of each larger knot, how many files it may have, and why that is right.
    private static readonly (string File, int Files, string Reason)[] Larger =
    [
        ("src/Edge/Cli/EdgeCommandLine.cs", 7, "the commands name the options that they share, and the command line lists the commands"),
        ("src/Hub/Edges/Definitions/EdgeSetValidator.cs", 4, "the parts of a validation report to the whole"),
        ("src/Hub/Edges/Definitions/PortSettings.cs", 13, "a row names the record that it reads, and that the rows of what it contains"),
        ("src/Hub/Edges/Live/LiveEdges.cs", 18, "one lock, and everything that is decided about an edge's tunnels under it"),
        ("src/Hub/Forwarding/SessionForwarder.cs", 4, "a session that moves leaves its forwarder and enters another one's"),
        ("src/Hub/Targets/Pools/TargetPool.cs", 7, "a pool, its members and what chooses among them"),
        ("src/Shared/Protocol/Messages/ControlMessage.cs", 13, "a message is read and written by its type"),
        ("src/Shared/Sockets/EventLoop.cs", 4, "a loop, the loops, and what is measured and queued on them"),
        ("src/Shared/Transport/Mux/MuxTunnel.cs", 4, "a tunnel, its connection, and the two ways in which it gets another one"),
        ("src/Shared/Transport/Mux/Streams/MuxStream.cs", 5, "a stream, its two halves and the table that it leaves"),
        ("src/Shared/Transport/Quic/Native/MsQuic.cs", 4, "the binding, and the handles that it makes"),
        ("src/Shared/Transport/Quic/Sessions/QuicSession.cs", 5, "a session, and the tables and queues of all sessions that it is in"),
        ("src/Shared/Transport/Quic/Streams/QuicStream.cs", 7, "a stream, its two halves and the table that it leaves"),
    ];

    [Fact]
    public void Few_files_of_a_folder_name_each_other()
    {
        var wrong = Knots(SourceTree.Files)
            .Where(static knot => knot.Length > Larger.Where(known => knot.Contains(known.File))
                .Select(static known => known.Files).DefaultIfEmpty(MaxFiles).Max())
            .Select(static knot => $"{knot.Length} files name each other: {string.Join(", ", knot)}");

        Assert.Empty(wrong);
    }

    [Fact]
    public void No_exception_is_out_of_date()
    {
        var sizes = Knots(SourceTree.Files).SelectMany(static knot => knot.Select(file => (file, knot.Length))).ToDictionary();

        Assert.DoesNotContain(Larger, known => sizes.GetValueOrDefault(known.File) < known.Files);
    }

    [Fact]
    public void A_knot_of_files_is_found()
    {
        SourceFile[] files =
        [
            SourceFile.Parse("A/One.cs", "namespace Tunnel.Edge.A;\ninternal sealed class One(Two two) { }\n"),
            SourceFile.Parse("A/Two.cs", "namespace Tunnel.Edge.A;\ninternal sealed class Two : IThree { }\n"),
            SourceFile.Parse("A/IThree.cs", "namespace Tunnel.Edge.A;\n// A Two.\ninternal interface IThree { Two Find(One one); }\n"),
            SourceFile.Parse("A/Above.cs", "namespace Tunnel.Edge.A;\ninternal sealed class Above(One one) { }\n"),
            SourceFile.Parse("B/Other.cs", "namespace Tunnel.Edge.B;\ninternal sealed class Other(Above above) { }\n"),
        ];

        Assert.Equal(["A/IThree.cs", "A/One.cs", "A/Two.cs"], Assert.Single(Knots(files)));
    }

    private static IEnumerable<string[]> Knots(IReadOnlyList<SourceFile> files)
    {
        var homes = files.SelectMany(static file => file.Types.Select(type => ((file.Namespace, type), file.Path)))
            .ToLookup(static home => home.Item1, static home => home.Path);
        return KnotFinder.Find(files.ToDictionary(
            static file => file.Path,
            file => file.Names.SelectMany(name => homes[(file.Namespace, name)]).Where(path => path != file.Path).ToHashSet()));
    }
}
