using System.Net;
using System.Net.Sockets;
using Tunnel.Bench.Load.Peers;

namespace Tunnel.Bench.Load.Rows;

/// <summary>Opens many TCP connections to one port of a peer, spread over source addresses so that ephemeral ports suffice.</summary>
internal sealed class Clients : IDisposable
{
    private const int PerSource = 20_000;

    public List<Socket> Sockets { get; } = [];

    public static async Task<Clients> OpenAsync(IPeer peer, int target, int count)
    {
        var clients = new Clients();
        for (var i = 0; i < count; i++)
            clients.Sockets.Add(await OpenOneAsync(peer, target, IPAddress.Parse($"127.0.99.{1 + (i / PerSource)}")));
        return clients;
    }

    /// <summary>Opens one connection that is known to reach the echo server.</summary>
    public static Task<Socket> OpenOneAsync(IPeer peer, int target, IPAddress? source = null) =>
        ConnectAsync(new IPEndPoint(peer.Address, peer.PortOf(target)), source);

    /// <summary>Opens a connection from which a read that takes half a minute fails.</summary>
    public static async Task<Socket> ConnectAsync(IPEndPoint address, IPAddress? source = null)
    {
        var socket =
            new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 30_000 };
        if (source is not null)
            socket.Bind(new IPEndPoint(source, 0));
        await socket.ConnectAsync(address);
        return socket;
    }

    public void Dispose()
    {
        foreach (var socket in Sockets)
        {
            // They end by RST: thousands that wait for late packets would leave the next row's connections no port.
            socket.LingerState = new LingerOption(true, 0);
            socket.Dispose();
        }
    }
}
