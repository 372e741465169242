using System.Net.Sockets;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>Does what raw clients and upstreams in tests do, each with a time limit.</summary>
public static class SocketExtensions
{
    /// <summary>How many bytes <see cref="FillAsync"/> sends at once; of the last of these it does not know how many were taken.</summary>
    public const int FillChunk = 64 * 1024;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task SendAllAsync(this Socket socket, ReadOnlyMemory<byte> bytes, TimeSpan? limit = null)
    {
        using var end = new CancellationTokenSource(limit ?? Limit);
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, end.Token)..];
        }
    }

    public static async Task<byte[]> ReceiveExactlyAsync(this Socket socket, int count)
    {
        using var limit = new CancellationTokenSource(Limit);
        var buffer = new byte[count];
        for (var received = 0; received < count;)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(received), SocketFlags.None, limit.Token);
            received += read > 0 ? read : throw new EndOfStreamException($"The end came after {received} of {count} bytes.");
        }

        return buffer;
    }

    /// <summary>Reads everything up to the end, and returns how the connection ended.</summary>
    /// <param name="socket">The socket to read from.</param>
    /// <param name="look">Is shown the bytes as they come.</param>
    /// <param name="limit">The longest time in which nothing comes.</param>
    public static async Task<(long Bytes, StreamEnd End)> DrainAsync(
        this Socket socket, Action<ReadOnlyMemory<byte>>? look = null, TimeSpan? limit = null)
    {
        var buffer = new byte[256 * 1024];
        for (long total = 0; ;)
        {
            try
            {
                using var end = new CancellationTokenSource(limit ?? Limit);
                var read = await socket.ReceiveAsync(buffer, SocketFlags.None, end.Token);
                if (read == 0)
                {
                    return (total, StreamEnd.Finished);
                }

                look?.Invoke(buffer.AsMemory(0, read));
                total += read;
                await Task.Yield();
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
            {
                return (total, StreamEnd.Reset);
            }
        }
    }

    /// <summary>Ends the connection with RST.</summary>
    public static void Reset(this Socket socket)
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    /// <summary>Sends until nothing more is taken: the other side does not read. At most <paramref name="most"/> bytes.</summary>
    /// <returns>How many bytes were taken at least.</returns>
    public static async Task<long> FillAsync(this Socket socket, long most, TimeSpan quiet)
    {
        var chunk = new byte[FillChunk];
        long sent = 0;
        while (sent < most)
        {
            using var limit = new CancellationTokenSource(quiet);
            try
            {
                sent += await socket.SendAsync(chunk.AsMemory(0, (int)Math.Min(chunk.Length, most - sent)), SocketFlags.None, limit.Token);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        return sent;
    }
}

/// <summary>How a connection ended.</summary>
public enum StreamEnd
{
    /// <summary>The connection ended in order (FIN).</summary>
    Finished,

    /// <summary>The connection was reset (RST).</summary>
    Reset,
}
