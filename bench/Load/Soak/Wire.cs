using System.Diagnostics;
using System.Net.Sockets;

namespace Tunnel.Bench.Load.Soak;

/// <summary>Sends and checks the bytes of a <see cref="Pattern"/>.</summary>
internal static class Wire
{
    private const int Piece = 64 << 10;

    public static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[await socket.SendAsync(bytes)..];
    }

    /// <summary>Sends so many bytes.</summary>
    /// <param name="socket">The socket to send on.</param>
    /// <param name="pattern">The bytes.</param>
    /// <param name="length">How many bytes are sent.</param>
    /// <param name="rate">The most bytes a second; null: as many as the other side takes.</param>
    public static async Task SendAsync(Socket socket, Pattern pattern, long length, int? rate = null)
    {
        var began = Stopwatch.GetTimestamp();
        for (var sent = 0L; sent < length; await KeepToAsync(rate, began, sent))
            sent += await socket.SendAsync(pattern.From(sent, (int)Math.Min(Piece, length - sent)));
    }

    /// <summary>Fills a buffer.</summary>
    /// <returns>False when the other side ended before the buffer was full.</returns>
    public static async Task<bool> ReceiveAllAsync(Socket socket, Memory<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var count = await socket.ReceiveAsync(buffer);
            if (count == 0)
                return false;
            buffer = buffer[count..];
        }

        return true;
    }

    /// <summary>Reads to the other side's end, or until so many bytes have come.</summary>
    /// <returns>How many bytes came and were right; the negative offset of the first wrong one.</returns>
    public static async Task<long> CheckAsync(Socket socket, Pattern pattern, long length, int? rate = null)
    {
        var began = Stopwatch.GetTimestamp();
        var buffer = new byte[Piece];
        var done = 0L;
        while (done < length && await socket.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(Piece, length - done))) is > 0 and var count)
        {
            if (!pattern.Matches(done, buffer.AsSpan(0, count)))
                return -1 - done;
            done += count;
            await KeepToAsync(rate, began, done);
        }

        return done;
    }

    private static async ValueTask KeepToAsync(int? rate, long began, long done)
    {
        if (rate is { } most && TimeSpan.FromSeconds((double)done / most) - Stopwatch.GetElapsedTime(began) is { Ticks: > 0 } early)
            await Task.Delay(early);
    }
}
