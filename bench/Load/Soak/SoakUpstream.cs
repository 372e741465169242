using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Bench.Load.Soak;

/// <summary>The upstream of a soak: does what a conversation's <see cref="Head"/> says; datagrams are sent back.</summary>
internal sealed class SoakUpstream : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _datagrams = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Tally _tally;
    private readonly string[] _edges;

    /// <summary>Starts to serve.</summary>
    /// <param name="tally">The tally that is told what is wrong.</param>
    /// <param name="edges">The ids of the edges, by their numbers.</param>
    public SoakUpstream(Tally tally, string[] edges)
    {
        (_tally, _edges) = (tally, edges);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(1024);
        _datagrams.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _ = AcceptAsync();
        _ = ReturnDatagramsAsync();
    }

    public int TcpPort => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public int UdpPort => ((IPEndPoint)_datagrams.LocalEndPoint!).Port;

    public void Dispose()
    {
        _listener.Dispose();
        _datagrams.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The soak is over.
        }
    }

    private async Task ReturnDatagramsAsync()
    {
        var buffer = new byte[65_536];
        var from = new SocketAddress(AddressFamily.InterNetwork);
        try
        {
            while (true)
            {
                var count = await _datagrams.ReceiveFromAsync(buffer, SocketFlags.None, from);
                await _datagrams.SendToAsync(buffer.AsMemory(0, count), SocketFlags.None, from);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The soak is over.
        }
    }

    // The client counts what is lost; what is wrong is counted here, where it is seen.
    private async Task ServeAsync(Socket socket)
    {
        using var own = socket;
        socket.NoDelay = true;
        try
        {
            var first = new byte[Head.Size];
            if (!await Wire.ReceiveAllAsync(socket, first))
                return;
            var head = Head.Read(first);
            switch (head.Wish)
            {
                case Wish.Upload:
                    await Wire.SendAllAsync(socket, Encode(await Wire.CheckAsync(socket, head.Pattern, long.MaxValue)));
                    break;
                case Wish.Download:
                    await Wire.SendAsync(socket, head.Pattern, head.Length);
                    socket.Shutdown(SocketShutdown.Send);
                    await socket.ReceiveAsync(first);
                    break;
                case Wish.Echo:
                    await EchoAsync(socket);
                    break;
                case Wish.ClientResets:
                    await Wire.SendAllAsync(socket, new byte[1]);
                    if (await socket.ReceiveAsync(first) > 0)
                        break;
                    _tally.AddWrongEnd("the client reset, and its upstream saw an end in order", _edges[head.Edge]);
                    break;
                case Wish.UpstreamResets:
                    await Wire.SendAsync(socket, head.Pattern, head.Length);
                    await socket.ReceiveAsync(first.AsMemory(0, 1));
                    socket.LingerState = new LingerOption(true, 0);
                    break;
            }
        }
        catch (SocketException)
        {
            // The connection was lost with its tunnel, or reset as was meant.
        }
    }

    private static byte[] Encode(long count)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, count);
        return bytes;
    }

    private static async Task EchoAsync(Socket socket)
    {
        var buffer = new byte[16 << 10];
        while (await socket.ReceiveAsync(buffer) is > 0 and var count)
            await Wire.SendAllAsync(socket, buffer.AsMemory(0, count));
    }
}
