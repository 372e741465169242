using Tunnel.Shared.Protocol.Handshake;

namespace Tunnel.Hub.Accepting;

/// <summary>What came instead of or as the first line.</summary>
internal enum LineStatus
{
    /// <summary>A line.</summary>
    Line,

    /// <summary>No line feed within the limit.</summary>
    TooLong,

    /// <summary>The peer closed before the line was complete.</summary>
    Closed,
}

/// <summary>The first line of a connection.</summary>
/// <param name="Status">What came.</param>
/// <param name="Line">The line with its line feed.</param>
/// <param name="Rest">What came after the line in the same read; belongs to the tunnel.</param>
internal readonly record struct FirstLine(LineStatus Status, ReadOnlyMemory<byte> Line, ReadOnlyMemory<byte> Rest);

/// <summary>Reads the edge's one line (protocol.md section 2.2).</summary>
internal static class EdgeLineReader
{
    // One TLS record: an edge may put its first frames into the record of its line.
    private const int BufferSize = 16 << 10;

    public static async ValueTask<FirstLine> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        // Nobody costs the buffer before sending something: a read of nothing waits for the first bytes.
        _ = await stream.ReadAsync(Memory<byte>.Empty, cancellationToken);
        var buffer = new byte[BufferSize];
        var filled = 0;
        while (filled < EdgeLine.MaxLength)
        {
            var count = await stream.ReadAsync(buffer.AsMemory(filled), cancellationToken);
            if (count == 0)
                return new FirstLine(LineStatus.Closed, default, default);
            var end = buffer.AsSpan(0, Math.Min(filled + count, EdgeLine.MaxLength)).IndexOf((byte)'\n');
            filled += count;
            if (end >= 0)
                return new FirstLine(LineStatus.Line, buffer.AsMemory(0, end + 1), buffer.AsMemory(end + 1, filled - end - 1));
        }

        return new FirstLine(LineStatus.TooLong, default, default);
    }
}
