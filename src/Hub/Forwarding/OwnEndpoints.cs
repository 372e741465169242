using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tunnel.Hub.Forwarding;

/// <summary>
/// The addresses of the hub's own sockets to upstreams. A client that comes from one of them is the hub itself: the target leads back to a
/// port of an edge, as when both run on one machine and no service has the port. One client would then go round until there are no
/// descriptors left. Behind a NAT the hub has another address, and is not recognised. Thread-safe.
/// </summary>
internal sealed class OwnEndpoints
{
    private readonly ConcurrentDictionary<(IPEndPoint Address, bool Udp), byte> _all = new();

    /// <summary>Notes a connected socket's own address, until it is removed; nothing for a socket whose address is not known.</summary>
    public void Add(IPEndPoint? address, bool udp)
    {
        if (address is not null)
            _all[(address, udp)] = 0;
    }

    /// <summary>Forgets the address of a socket that ends.</summary>
    public void Remove(IPEndPoint? address, bool udp)
    {
        if (address is not null)
            _all.TryRemove((address, udp), out _);
    }

    /// <summary>Whether a client is the hub itself.</summary>
    /// <param name="client">The client, as the edge names it.</param>
    /// <param name="udp">Whether it came over UDP.</param>
    /// <param name="edge">The address that the edge's tunnel comes from: a loopback address is the hub's only on its own machine.</param>
    public bool Contains(IPEndPoint? client, bool udp, IPAddress edge) =>
        client is not null && _all.ContainsKey((client, udp)) && (!IPAddress.IsLoopback(client.Address) || IsOfThisMachine(edge));

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
