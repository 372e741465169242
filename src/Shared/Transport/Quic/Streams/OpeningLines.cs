using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.Transport.Quic.Streams;

/// <summary>
/// Collects the lines at the beginning of a TCP stream as they arrive: PROXY v1, then PORT or MOVE. Over QUIC both are always there
/// (protocol.md section 6), so a client's bytes that look like a line are not taken for one.
/// </summary>
/// <param name="moves">Whether moving streams is agreed.</param>
internal sealed class OpeningLines(bool moves)
{
    private readonly byte[] _bytes = new byte[OpenPayload.MaxLength];
    private int _count;
    private int _lines;

    /// <summary>True when both lines have arrived.</summary>
    public bool IsComplete => _lines == 2;

    /// <summary>Takes the bytes that belong to the lines.</summary>
    /// <returns>The number of bytes taken; -1 when the lines are too long.</returns>
    public int Take(ReadOnlySpan<byte> data)
    {
        for (var i = 0; i < data.Length; i++)
        {
            if (IsComplete)
                return i;
            if (_count == _bytes.Length)
                return -1;
            _bytes[_count++] = data[i];
            if (data[i] == (byte)'\n')
                _lines++;
        }

        return data.Length;
    }

    /// <summary>Parses the lines.</summary>
    /// <returns>What they say; null when they are not valid.</returns>
    public StreamOpening? Parse()
    {
        var opening = StreamOpening.Read(_bytes.AsSpan(0, _count), moves, out var error);
        return error is null && (opening.Move ?? (object?)opening.ListeningPort) is not null ? opening : null;
    }
}
