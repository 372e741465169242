using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Hub.Forwarding;

/// <summary>
/// The hub's own connections to upstreams. A client that is one of them is the hub itself: the target leads back to a port of an edge, as
/// when both run on one machine and no service has the port. One client would then go round until there are no descriptors left. Both ends
/// are compared, since another client may have the same address and port as a connection to another place. Behind a NAT the hub has
/// another address, and is not recognised. Thread-safe.
/// </summary>
internal sealed class OwnConnections
{
    private readonly ConcurrentDictionary<OwnConnection, byte> _all = new();

    /// <summary>Notes a connection until it is removed; nothing for null.</summary>
    public void Add(OwnConnection? own)
    {
        if (own is not null)
            _all[own] = 0;
    }

    /// <summary>Forgets a connection that ends; nothing for null.</summary>
    public void Remove(OwnConnection? own)
    {
        if (own is not null)
            _all.TryRemove(own, out _);
    }

    /// <summary>Whether a client is the hub itself.</summary>
    /// <param name="client">The client's connection, as its edge names it; null: it names none.</param>
    /// <param name="edge">The address that the edge's tunnel comes from: a loopback address is the hub's only on its own machine.</param>
    public bool Contains(OwnConnection? client, IPAddress edge) =>
        client is not null && _all.ContainsKey(client) && (!IPAddress.IsLoopback(client.Local.Address) || IsOfThisMachine(edge));

    private static bool IsOfThisMachine(IPAddress address)
    {
        if (IPAddress.IsLoopback(address))
            return true;
        using var probe = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            probe.Bind(new IPEndPoint(address, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

/// <summary>Both ends of a connection, or of a connected UDP socket.</summary>
internal sealed record OwnConnection(IPEndPoint Local, IPEndPoint Remote, bool Udp)
{
    /// <summary>Returns null when an end is not known.</summary>
    public static OwnConnection? Of(EndPoint? local, EndPoint? remote, bool udp) =>
        local is IPEndPoint from && remote is IPEndPoint to ? new OwnConnection(from, to, udp) : null;
}
