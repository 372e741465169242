namespace Tunnel.Shared.Transport.Handshake;

/// <summary>Reads one line of a handshake. The buffer grows with the bytes that really come, never with the allowed length.</summary>
public static class LineReader
{
    private const int FirstSize = 4 << 10;

    /// <summary>Reads up to and including the first newline.</summary>
    /// <param name="stream">The stream to read from.</param>
    /// <param name="maxLength">The most bytes of the line, with its newline.</param>
    /// <param name="cancellationToken">The time limit, which every caller needs.</param>
    /// <returns>The line without its newline, and the bytes that came after it. When the stream ended before, no line and what had come of
    /// it; when the line was too long, neither.</returns>
    public static async Task<(ReadOnlyMemory<byte>? Line, ReadOnlyMemory<byte> After, bool TooLong)> ReadAsync(
        Stream stream, int maxLength, CancellationToken cancellationToken)
    {
        // A peer costs no buffer before it sends something: an empty read waits for the first bytes.
        _ = await stream.ReadAsync(Memory<byte>.Empty, cancellationToken);
        var buffer = new byte[FirstSize];
        var filled = 0;
        while (true)
        {
            if (filled == buffer.Length)
                Array.Resize(ref buffer, buffer.Length * 2);
            var count = await stream.ReadAsync(buffer.AsMemory(filled), cancellationToken);
            if (count == 0)
                return (null, buffer.AsMemory(0, filled), false);
            var newline = buffer.AsSpan(filled, count).IndexOf((byte)'\n');
            filled += count;
            var end = newline < 0 ? -1 : filled - count + newline;
            if (end >= maxLength || (end < 0 && filled >= maxLength))
                return (null, default, true);
            if (end >= 0)
                return (buffer.AsMemory(0, end), buffer.AsMemory(end + 1, filled - end - 1), false);
        }
    }
}
