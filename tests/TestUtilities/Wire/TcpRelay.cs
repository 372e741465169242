using System.Net;
using System.Net.Sockets;

namespace Tunnel.TestUtilities.Wire;

/// <summary>Passes TCP connections on to a server, and can cut a single one, as a network does that loses one flow.</summary>
public sealed class TcpRelay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _server;
    private readonly Lock _lock = new();
    private readonly List<(Socket Client, Socket Server)> _connections = [];

    public TcpRelay(IPEndPoint server)
    {
        _server = server;
        _listener.Start();
        _ = AcceptAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Connections that ever came.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _connections.Count;
            }
        }
    }

    /// <summary>Resets one connection on both sides; nothing, when one of the two has ended it already.</summary>
    /// <param name="index">Which, in the order in which they came.</param>
    public void Cut(int index)
    {
        (Socket Client, Socket Server) connection;
        lock (_lock)
        {
            connection = _connections[index];
        }

        try
        {
            // Both before either is closed: what passes bytes on closes the other one then.
            connection.Client.LingerState = connection.Server.LingerState = new LingerOption(true, 0);
        }
        catch (ObjectDisposedException)
        {
        }

        connection.Client.Dispose();
        connection.Server.Dispose();
    }

    public void Dispose()
    {
        _listener.Dispose();
        lock (_lock)
        {
            foreach (var (client, server) in _connections)
            {
                client.Dispose();
                server.Dispose();
            }
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync();
                var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                client.NoDelay = true;
                try
                {
                    await server.ConnectAsync(_server);
                }
                catch (SocketException)
                {
                    // There is no server yet, and the client has to see that.
                    client.Dispose();
                    server.Dispose();
                    continue;
                }

                lock (_lock)
                {
                    _connections.Add((client, server));
                }

                _ = PassOnAsync(client, server);
                _ = PassOnAsync(server, client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static async Task PassOnAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, SocketFlags.None) is > 0 and var count)
            {
                for (var sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), SocketFlags.None);
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Cut, or ended by one of the two.
            from.Dispose();
            to.Dispose();
        }
    }
}
