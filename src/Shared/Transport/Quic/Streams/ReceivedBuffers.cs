using Tunnel.Shared.Transport.Quic.Native;

namespace Tunnel.Shared.Transport.Quic.Streams;

/// <summary>The bytes of one receive event, which lie in msquic's buffers.</summary>
internal readonly unsafe ref struct ReceivedBuffers(in StreamEvent e)
{
    public ReadOnlySpan<NativeBuffer> All { get; } = new(e.ReceiveBuffers, (int)e.ReceiveCount);

    /// <summary>Bytes of all buffers.</summary>
    public int Total { get; } = (int)e.ReceiveLength;

    /// <summary>Gives the first bytes to a stream's opening lines.</summary>
    /// <returns>The number of bytes that belong to the lines; -1 when the lines are too long.</returns>
    public int FeedTo(OpeningLines lines)
    {
        var taken = 0;
        foreach (var buffer in All)
        {
            var count = lines.Take(buffer.Span);
            if (count < 0)
                return -1;
            taken += count;
            if (count < buffer.Length)
                break;
        }

        return taken;
    }

    /// <summary>Writes into a local socket what it takes now.</summary>
    /// <param name="endpoint">The socket.</param>
    /// <param name="skip">The bytes at the beginning that are not for it.</param>
    /// <returns>The number of bytes written; -1 when the local peer has reset.</returns>
    public int WriteTo(ILocalEndpoint endpoint, int skip)
    {
        var written = 0;
        foreach (var buffer in All)
        {
            var data = buffer.Span[Math.Min(skip, (int)buffer.Length)..];
            skip -= (int)buffer.Length - data.Length;
            if (data.IsEmpty)
                continue;
            var count = endpoint.TryWrite(data);
            if (count < 0)
                return -1;
            written += count;
            if (count < data.Length)
                break;
        }

        return written;
    }
}
