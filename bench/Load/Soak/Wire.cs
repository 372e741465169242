using System.Diagnostics;
using System.Net.Sockets;

namespace Tunnel.Bench.Load.Soak;

/// <summary>Sending and checking of a <see cref="Pattern"/>.</summary>
internal static class Wire
{
    private const int Piece = 64 << 10;

    public static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[await socket.SendAsync(bytes)..];
    }

    /// <summary>Sends so many bytes.</summary>
    /// <param name="socket">Where to.</param>
    /// <param name="pattern">What.</param>
    /// <param name="length">How many.</param>
    /// <param name="rate">How many a second at most; null: as many as are taken.</param>
    public static async Task SendAsync(Socket socket, Pattern pattern, long length, int? rate = null)
    {
        var began = Stopwatch.GetTimestamp();
        for (var sent = 0L; sent < length; await KeepToAsync(rate, began, sent))
            sent += await socket.SendAsync(pattern.From(sent, (int)Math.Min(Piece, length - sent)));
    }

    /// <summary>Fills a buffer.</summary>
    /// <returns>False when the other side ended before.</returns>
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

    /// <summary>Reads to the other side's end, or so many bytes.</summary>
    /// <returns>How many came and were right; the negative offset when one was not.</returns>
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
