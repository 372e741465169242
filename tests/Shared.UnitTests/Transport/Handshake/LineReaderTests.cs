using Tunnel.Shared.Transport.Handshake;

namespace Tunnel.Shared.UnitTests.Transport.Handshake;

public class LineReaderTests
{
    [Fact]
    public async Task A_line_is_read_wherever_the_bytes_are_split()
    {
        var bytes = "EDGE a secret\nand what follows"u8.ToArray();
        for (var first = 1; first < bytes.Length; first++)
        {
            for (var second = first; second <= bytes.Length; second++)
            {
                var stream = new PiecesStream(bytes[..first], bytes[first..second], bytes[second..]);
                var (line, after, tooLong) = await LineReader.ReadAsync(stream, 1024, default);
                Assert.False(tooLong);
                Assert.Equal("EDGE a secret"u8.ToArray(), line!.Value.ToArray());
                Assert.Equal("and what follows"u8.ToArray(), (byte[])[.. after.Span, .. stream.Rest()]);
            }
        }
    }

    [Theory]
    [InlineData(1024, 1024, true)]
    [InlineData(1025, 1024, false)]
    [InlineData(1, 1, true)]
    [InlineData(2, 1, false)]
    [InlineData(4096, 4096, true)]
    [InlineData(4097, 4096, false)]
    [InlineData(4194304, 4194304, true)]
    [InlineData(4194305, 4194304, false)]
    public async Task The_limit_counts_the_newline(int length, int maxLength, bool taken)
    {
        var bytes = Enumerable.Repeat((byte)'x', length).ToArray();
        bytes[^1] = (byte)'\n';
        foreach (var piece in (int[])[1000, length])
        {
            var (line, after, tooLong) = await LineReader.ReadAsync(new PiecesStream(bytes.Chunk(piece).ToArray()), maxLength, default);
            Assert.Equal(taken ? length - 1 : null, line?.Length);
            Assert.Equal(!taken, tooLong);
            Assert.True(after.IsEmpty);
        }
    }

    [Fact]
    public async Task Bytes_without_a_newline_are_too_long_as_soon_as_the_limit_is_reached()
    {
        var stream = new PiecesStream(new byte[1000], new byte[24], new byte[1000]);
        Assert.True((await LineReader.ReadAsync(stream, 1024, default)).TooLong);
        Assert.Equal(1000, stream.Rest().Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("EDGE a sec")]
    public async Task An_end_before_the_newline_gives_no_line(string text)
    {
        var (line, after, tooLong) = await LineReader.ReadAsync(new PiecesStream(System.Text.Encoding.ASCII.GetBytes(text)), 1024, default);
        Assert.Null(line);
        Assert.Equal(text, System.Text.Encoding.ASCII.GetString(after.Span));
        Assert.False(tooLong);
    }

    [Fact]
    public async Task An_empty_line_is_a_line()
    {
        var (line, after, _) = await LineReader.ReadAsync(new PiecesStream("\n\n"u8.ToArray()), 1024, default);
        Assert.Equal((0, 1), (line!.Value.Length, after.Length));
    }

    [Fact]
    public async Task What_is_allowed_is_not_allocated_before_it_comes()
    {
        var stream = new PiecesStream("short\n"u8.ToArray());
        var before = GC.GetAllocatedBytesForCurrentThread();
        var reading = LineReader.ReadAsync(stream, 4 << 20, default);
        Assert.True(reading.IsCompleted);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 16 << 10);
        Assert.Equal(5, (await reading).Line!.Value.Length);
    }

    /// <summary>A stream that gives one piece for each read, as a connection may.</summary>
    private sealed class PiecesStream(params byte[][] pieces) : MemoryStream(pieces.SelectMany(piece => piece).ToArray(), writable: false)
    {
        private readonly Queue<int> _ends = new(pieces.Select((_, index) => pieces.Take(index + 1).Sum(piece => piece.Length)));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (_ends.TryPeek(out var end) && end <= Position)
                _ends.Dequeue();
            var room = (int)((_ends.TryPeek(out var next) ? next : Length) - Position);
            return base.ReadAsync(buffer[..Math.Min(room, buffer.Length)], cancellationToken);
        }

        public byte[] Rest() => ToArray()[(int)Position..];
    }
}
