using System.Net;
using System.Net.Sockets;

namespace Tunnel.Bench.Load.Hostile;

/// <summary>
/// The upstreams that a flood ends at, as a program of its own: one closes what it accepts, one sends without end, one takes datagrams and
/// says nothing.
/// </summary>
internal static class SinkProgram
{
    public static int Run(int closingPort, int sourcePort, int udpPort)
    {
        using var closing = Listen(closingPort);
        using var source = Listen(sourcePort);
        using var datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        datagrams.Bind(new IPEndPoint(IPAddress.Loopback, udpPort));
        new Thread(() => ServeAsync(source).GetAwaiter().GetResult()) { IsBackground = true }.Start();
        while (true)
            closing.Accept().Dispose();
    }

    private static Socket Listen(int port)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen(4096);
        return listener;
    }

    private static async Task ServeAsync(Socket listener)
    {
        while (true)
            _ = SendAsync(await listener.AcceptAsync());
    }

    private static async Task SendAsync(Socket socket)
    {
        using var own = socket;
        try
        {
            // The buffer is as small as it may be: what waits here counts against the kernel's memory for TCP, which is not what is
            // measured.
            socket.SendBufferSize = 4096;
            while (await socket.SendAsync(Page) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Each connection ends in this way: the other side has gone.
        }
    }

    private static readonly byte[] Page = new byte[16 << 10];
}
