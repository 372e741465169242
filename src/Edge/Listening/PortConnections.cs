using System.Net;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Listening;

/// <summary>The open connections of one port: a linked list through the connections themselves, so that one costs no further object.</summary>
internal sealed class PortConnections(PortKey port, IClientObserver observer)
{
    private readonly Lock _gate = new();
    private ClientConnection? _first;
    private int _active;

    public PortKey Port => port;

    public int Active => Volatile.Read(ref _active);

    /// <summary>Enters a client before its stream is opened: the stream may end before the call that opens it returns.</summary>
    public ClientConnection Add(IPEndPoint? client)
    {
        var connection = new ClientConnection(this, client);
        lock (_gate)
        {
            connection.Next = _first;
            if (_first is not null)
                _first.Previous = connection;
            _first = connection;
            _active++;
        }

        return connection;
    }

    /// <summary>Takes a client out that got no stream.</summary>
    public void Remove(ClientConnection connection)
    {
        lock (_gate)
        {
            if (connection.Previous is { } previous)
                previous.Next = connection.Next;
            else
                _first = connection.Next;
            if (connection.Next is { } next)
                next.Previous = connection.Previous;
            connection.Previous = connection.Next = null;
            _active--;
        }
    }

    /// <summary>Resets every connection.</summary>
    /// <returns>How many there were.</returns>
    public int ResetAll() => Reset(null, ResetReason.ShuttingDown);

    /// <summary>Resets the connections of clients that <paramref name="which"/> is true of.</summary>
    /// <returns>How many there were.</returns>
    public int ResetWhere(Func<IPAddress, bool> which) => Reset(which, ResetReason.Policy);

    private int Reset(Func<IPAddress, bool>? which, ResetReason reason)
    {
        var connections = new List<ClientConnection>();
        lock (_gate)
        {
            for (ClientConnection? connection = _first; connection is not null; connection = connection.Next)
                if (which is null || (connection.Client is { } client && which(client.Address)))
                    connections.Add(connection);
        }

        // Outside the lock: each reset comes back as OnClosed.
        foreach (ClientConnection connection in connections)
            connection.Reset(reason);
        return connections.Count;
    }

    internal void OnClosed(ClientConnection connection, ITunnelStream stream, in StreamEnd end)
    {
        Remove(connection);
        observer.OnClientClosed(port, connection.Client, stream, end);
    }
}
