using System.Net;
using Tunnel.Edge.Admission;
using Tunnel.Edge.Endpoints;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;

namespace Tunnel.Edge.Tcp;

/// <summary>
/// The open connections of one port, as a list that is linked through the connections themselves, so that a connection costs no further
/// object.
/// </summary>
internal sealed class PortConnections(PortAdmission admission, IClientObserver observer)
{
    /// <summary>How many connections may wait for their PROXY header.</summary>
    internal const int MaxWaiting = 4096;

    private readonly Lock _lock = new();
    private ClientConnection? _first;
    private int _active;
    private int _waiting;
    private long _pastBytesIn;
    private long _pastBytesOut;

    public PortKey Key => admission.Port;

    public PortAdmission Admission => admission;

    public int Active => Volatile.Read(ref _active);

    /// <summary>Counts a connection that waits for its PROXY header; returns false when there are too many.</summary>
    public bool TryWait()
    {
        if (Interlocked.Increment(ref _waiting) <= MaxWaiting)
            return true;
        EndWait();
        return false;
    }

    public void EndWait() => Interlocked.Decrement(ref _waiting);

    /// <summary>
    /// Adds an admitted client. Call it before its stream is opened, because the stream may end before the call that opens it returns.
    /// </summary>
    /// <param name="client">The client's address and port; null when not known.</param>
    /// <param name="address">The entry from the admission, which gets it back when the client is removed.</param>
    public ClientConnection Add(IPEndPoint? client, AddressEntry? address)
    {
        var connection = new ClientConnection(this, client, address);
        lock (_lock)
        {
            connection.Next = _first;
            if (_first is not null)
                _first.Previous = connection;
            _first = connection;
            _active++;
        }

        return connection;
    }

    /// <summary>Removes a client, and counts it out at the admission.</summary>
    public void Remove(ClientConnection connection)
    {
        lock (_lock)
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

        admission.Leave(connection.Address);
    }

    /// <summary>Returns the bytes from and to all clients since the port was bound.</summary>
    public (long In, long Out) GetBytes()
    {
        lock (_lock)
        {
            (var bytesIn, var bytesOut) = (_pastBytesIn, _pastBytesOut);
            for (var connection = _first; connection is not null; connection = connection.Next)
            {
                bytesIn += connection.Stream?.BytesSent ?? 0;
                bytesOut += connection.Stream?.BytesReceived ?? 0;
            }

            return (bytesIn, bytesOut);
        }
    }

    /// <summary>Resets every connection.</summary>
    /// <returns>How many connections were reset.</returns>
    public int ResetAll() => Reset(null, ResetReason.ShuttingDown);

    /// <summary>Resets the connections of clients for which <paramref name="which"/> returns true.</summary>
    /// <returns>How many connections were reset.</returns>
    public int ResetWhere(Func<IPAddress, bool> which) => Reset(which, ResetReason.Policy);

    private int Reset(Func<IPAddress, bool>? which, ResetReason reason)
    {
        var connections = new List<ClientConnection>();
        lock (_lock)
        {
            for (var connection = _first; connection is not null; connection = connection.Next)
            {
                if (which is null || (connection.Client is { } client && which(client.Address)))
                    connections.Add(connection);
            }
        }

        // This happens outside the lock, because each reset calls OnClosed.
        foreach (var connection in connections)
            connection.Reset(reason);
        return connections.Count;
    }

    internal void OnClosed(ClientConnection connection, ITunnelStream stream, in StreamEnd end)
    {
        lock (_lock)
        {
            _pastBytesIn += stream.BytesSent;
            _pastBytesOut += stream.BytesReceived;
        }

        Remove(connection);
        observer.OnClientClosed(Key, connection.Client, stream, end);
    }
}
