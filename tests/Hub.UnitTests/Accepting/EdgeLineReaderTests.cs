using System.Text;
using Tunnel.Hub.Accepting;
using Tunnel.Shared.Protocol.Handshake;

namespace Hub.UnitTests.Accepting;

public sealed class EdgeLineReaderTests
{
    [Fact]
    public async Task Reads_a_line_that_comes_in_pieces()
    {
        var line = await ReadAsync("EDG", "E a b", "\n");

        Assert.Equal((LineStatus.Line, "EDGE a b\n", ""), (line.Status, Text(line.Line), Text(line.Rest)));
    }

    [Fact]
    public async Task What_follows_the_line_belongs_to_the_tunnel()
    {
        var line = await ReadAsync("EDGE a b\nframe");

        Assert.Equal(("EDGE a b\n", "frame"), (Text(line.Line), Text(line.Rest)));
    }

    [Fact]
    public async Task A_line_of_the_limit_passes_and_the_rest_may_be_longer()
    {
        var line = await ReadAsync(new string('x', EdgeLine.MaxLength - 1) + "\n" + new string('y', 5000));

        Assert.Equal((LineStatus.Line, EdgeLine.MaxLength, 5000), (line.Status, line.Line.Length, line.Rest.Length));
    }

    [Theory]
    [InlineData(1024, 1)]
    [InlineData(2048, 1)]
    [InlineData(103, 10)]
    public async Task A_longer_one_is_refused_wherever_its_end_is(int length, int pieces)
    {
        var line = await ReadAsync([.. Enumerable.Repeat(new string('x', length), pieces), "\n"]);

        Assert.Equal(LineStatus.TooLong, line.Status);
    }

    [Fact]
    public async Task An_end_before_the_line_feed_is_told()
    {
        var line = await ReadAsync("EDGE a b");

        Assert.Equal(LineStatus.Closed, line.Status);
    }

    // Each piece comes in a read of its own.
    private static async Task<FirstLine> ReadAsync(params string[] pieces) =>
        await EdgeLineReader.ReadAsync(new PieceStream(pieces), CancellationToken.None);

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.ASCII.GetString(bytes.Span);

    private sealed class PieceStream(string[] pieces) : MemoryStream
    {
        private int _next;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            new(buffer.IsEmpty || _next == pieces.Length ? 0 : Encoding.ASCII.GetBytes(pieces[_next++], buffer.Span));
    }
}
