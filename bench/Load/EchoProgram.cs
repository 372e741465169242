using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tunnel.Bench.Load.Rows;

namespace Tunnel.Bench.Load;

/// <summary>The echo server and its client as programs of their own, which can be run in a namespace.</summary>
internal static class EchoProgram
{
    /// <summary>
    /// Reads the server's command line. The server answers on the thread that notices a byte: handing it to another thread costs two more
    /// wake-ups, which on busy cores were much of what was measured.
    /// </summary>
    public static (string Program, IReadOnlyList<string> Arguments) ServerAt(IPEndPoint address) =>
        ("env", ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1", Environment.ProcessPath!, "echo-server", $"{address}"]);

    public static async Task<int> ServeAsync(IPEndPoint address)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(address);
        listener.Listen(4096);
        while (true)
            _ = EchoAsync(await listener.AcceptAsync());
    }

    /// <summary>Prints the median and the 99th percentile in milliseconds. The server may still be coming up.</summary>
    /// <param name="address">The address of the server, or of the tunnel's port that leads to it.</param>
    /// <param name="port">The port at that address.</param>
    /// <param name="delay">Seconds from the connect until measuring begins.</param>
    /// <param name="seconds">How many seconds it measures.</param>
    public static async Task<int> MeasureAsync(string address, int port, int delay, int seconds)
    {
        var target = IPEndPoint.Parse($"{address}:{port}");
        using var socket = await ConnectAsync(target);
        await Task.Delay(TimeSpan.FromSeconds(delay));
        var (p50, p99) = Echo.Measure(socket, TimeSpan.FromSeconds(seconds));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{p50} {p99}"));
        return 0;
    }

    private static async Task<Socket> ConnectAsync(IPEndPoint target)
    {
        for (var attempt = 0; ; attempt++)
        {
            var socket =
                new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 10_000 };
            try
            {
                await socket.ConnectAsync(target);
                socket.Send([0]);
                if (socket.Receive(new byte[1]) == 1)
                    return socket;
                throw new SocketException((int)SocketError.ConnectionReset);
            }
            catch (SocketException) when (attempt < 100)
            {
                socket.Dispose();
                await Task.Delay(100);
            }
        }
    }

    private static async Task EchoAsync(Socket socket)
    {
        using var own = socket;
        socket.NoDelay = true;
        var buffer = new byte[512];
        try
        {
            while (await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None) >= 0
                && await socket.ReceiveAsync(buffer) is > 0 and var count)
            {
                await socket.SendAsync(buffer.AsMemory(0, count));
            }
        }
        catch (SocketException)
        {
            // Each connection ends in this way: its client has gone.
        }
    }
}
