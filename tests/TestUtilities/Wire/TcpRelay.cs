using System.Net;
using System.Net.Sockets;

namespace Tunnel.TestUtilities.Wire;

/// <summary>Passes TCP connections on to a server, and can cut a single one, as a network does that loses one flow.</summary>
public sealed class TcpRelay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _server;
    private readonly Lock _lock = new();
    private readonly List<Connection> _connections = [];

    public TcpRelay(IPEndPoint server)
    {
        _server = server;
        _listener.Start();
        _ = AcceptAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>The number of connections that ever came.</summary>
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
    /// <param name="index">The number of the connection, in the order in which they came.</param>
    public void Cut(int index)
    {
        var connection = Find(index);
        try
        {
            // Both sides are reset before either is closed, since the code that passes bytes on closes the other one then.
            connection.Client.LingerState = connection.Server.LingerState = new LingerOption(true, 0);
        }
        catch (ObjectDisposedException)
        {
        }

        connection.Client.Dispose();
        connection.Server.Dispose();
    }

    /// <summary>Swallows what comes on one connection from now on, as a NAT does that has forgotten it.</summary>
    /// <param name="index">The number of the connection, in the order in which they came.</param>
    public void Silence(int index) => Find(index).IsSilent = true;

    public void Dispose()
    {
        _listener.Dispose();
        lock (_lock)
        {
            foreach (var connection in _connections)
            {
                connection.Client.Dispose();
                connection.Server.Dispose();
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

                var connection = new Connection(client, server);
                lock (_lock)
                {
                    _connections.Add(connection);
                }

                _ = PassOnAsync(connection, client, server);
                _ = PassOnAsync(connection, server, client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private Connection Find(int index)
    {
        lock (_lock)
        {
            return _connections[index];
        }
    }

    private static async Task PassOnAsync(Connection connection, Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, SocketFlags.None) is > 0 and var count)
            {
                for (var sent = 0; sent < count && !connection.IsSilent;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), SocketFlags.None);
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The connection was cut, or one of the two has ended it.
            from.Dispose();
            to.Dispose();
        }
    }

    private sealed class Connection(Socket client, Socket server)
    {
        private volatile bool _isSilent;

        public Socket Client => client;

        public Socket Server => server;

        public bool IsSilent
        {
            get => _isSilent;
            set => _isSilent = value;
        }
    }
}
