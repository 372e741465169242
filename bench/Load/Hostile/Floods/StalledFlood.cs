using System.Net;
using System.Net.Sockets;

namespace Tunnel.Bench.Load.Hostile.Floods;

/// <summary>
/// Clients of an honest edge that read nothing while their upstream sends without end; there are so many of them and no more.
/// </summary>
internal sealed class StalledFlood(FloodOrder order) : IFlood
{
    private const int Readers = 3_000;

    private readonly IPEndPoint _port = new(order.EdgeAddress, order.SourcePort);
    private readonly List<Socket> _readers = [];

    public int Send(int count)
    {
        var more = Math.Min(count, Readers - _readers.Count);
        for (var done = 0; done < more; done++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
            _readers.Add(socket);
            socket.Connect(_port);
        }

        if (more < count)
            Thread.Sleep(1);
        return more;
    }

    public void Rest()
    {
        foreach (var reader in _readers)
            reader.Dispose();
        _readers.Clear();
    }

    public void Dispose() => Rest();
}
