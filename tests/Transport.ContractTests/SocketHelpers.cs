using System.Diagnostics;
using System.Net.Sockets;

namespace Tunnel.Transport.ContractTests;

internal static class SocketHelpers
{
    /// <summary>The limit of every wait: none in these tests is meant to end by time, so it only turns a hang into a failure.</summary>
    public static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    /// <summary>Does something again and again, without a pause, until it has brought about what the test waits for.</summary>
    /// <param name="act">Is done as long as <paramref name="holds"/> says no.</param>
    /// <param name="holds">Whether it has come about.</param>
    /// <param name="what">Names it, for the failure.</param>
    public static async Task RepeatUntilAsync(Func<Task> act, Func<bool> holds, Func<string> what)
    {
        for (var clock = Stopwatch.StartNew(); !holds(); await act())
            Assert.True(clock.Elapsed < Hang, $"Waited {Hang.TotalSeconds} s for {what()}.");
    }

    /// <summary>Sends in parts: the runtime completes a send when all of it is gone, and it is each step that must not hang.</summary>
    public static async Task SendAllAsync(this Socket socket, ReadOnlyMemory<byte> data)
    {
        while (!data.IsEmpty)
            data = data[await socket.SendAsync(data[..Math.Min(data.Length, 64 << 10)], SocketFlags.None).AsTask().WaitAsync(Hang)..];
    }

    /// <summary>Sends all of <paramref name="data"/>, and then the end.</summary>
    public static async Task SendAndFinishAsync(this Socket socket, ReadOnlyMemory<byte> data)
    {
        await socket.SendAllAsync(data);
        socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Reads to the FIN; a reset throws.</summary>
    public static async Task<byte[]> ReadToEndAsync(this Socket socket)
    {
        using var all = new MemoryStream();
        var buffer = new byte[64 << 10];
        while (true)
        {
            var count = await socket.ReceiveAsync(buffer, SocketFlags.None).WaitAsync(Hang);
            if (count == 0)
                return all.ToArray();
            all.Write(buffer, 0, count);
        }
    }

    /// <summary>Reads until the connection ends.</summary>
    /// <returns>The bytes that came, and whether the end was a reset.</returns>
    public static async Task<(byte[] Data, bool WasReset)> ReadToAnyEndAsync(this Socket socket)
    {
        using var all = new MemoryStream();
        var buffer = new byte[64 << 10];
        try
        {
            while (true)
            {
                var count = await socket.ReceiveAsync(buffer, SocketFlags.None).WaitAsync(Hang);
                if (count == 0)
                    return (all.ToArray(), false);
                all.Write(buffer, 0, count);
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return (all.ToArray(), true);
        }
    }

    public static async Task<byte[]> ReadExactlyAsync(this Socket socket, int count)
    {
        var buffer = new byte[count];
        var filled = 0;
        while (filled < count)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(filled), SocketFlags.None).AsTask().WaitAsync(Hang);
            Assert.NotEqual(0, read);
            filled += read;
        }

        return buffer;
    }

    public static void Abort(this Socket socket)
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    /// <summary>Sends until the socket takes no more, or is reset: both ends of the path are full then.</summary>
    public static void Fill(this Socket socket, TimeSpan quiet)
    {
        var chunk = new byte[64 << 10];
        socket.Blocking = false;
        while (socket.Poll(quiet, SelectMode.SelectWrite))
        {
            socket.Send(chunk, 0, chunk.Length, SocketFlags.None, out var error);
            if (error is not (SocketError.Success or SocketError.WouldBlock))
                break;
        }
    }
}
