using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Forwarding.Shares;

/// <summary>
/// Sorts the hub's sessions by edge, port and client address, and decides which one gives way when the limit is reached. It is taken from
/// the edge with the most sessions, and there from the port with the most. At that port, an idle session of an address with more than its
/// share goes first, then a one-way session (a flood from forged addresses consists of those), then any other; idle ones go before busy
/// ones. So a flood loses its own sessions first, and a busy two-way flow goes last. Every operation takes a bounded number of steps. The
/// caller locks.
/// </summary>
internal sealed class SessionShares
{
    // An address has more than its share when it has more than one in this many of its port's sessions.
    private const int AddressPart = 16;

    private readonly Dictionary<string, EdgeShare> _edges = new(StringComparer.Ordinal);
    private readonly Ranking<EdgeShare> _ranking = new();

    /// <summary>The number of all sessions.</summary>
    public int Count { get; private set; }

    public IEnumerable<SharedSession> All =>
        _edges.Values.SelectMany(static edge => edge.Ports.Values).SelectMany(static port => port.OneWay.All.Concat(port.TwoWay.All));

    /// <summary>Adds a session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="edgeId">The id of its edge.</param>
    /// <param name="port">The edge's listening port.</param>
    /// <param name="client">The client's address as a number; 0 when not known.</param>
    public void Add(SharedSession session, string edgeId, int port, UInt128 client)
    {
        if (!_edges.TryGetValue(edgeId, out var edge))
            _edges.Add(edgeId, edge = new EdgeShare(edgeId));
        if (!edge.Ports.TryGetValue(port, out var portShare))
            edge.Ports.Add(port, portShare = new PortShare(edge, port));
        var prefix = AddressNumber.ClientPrefixOf(client);
        if (!portShare.Addresses.TryGetValue(prefix, out var address))
            portShare.Addresses.Add(prefix, address = new AddressShare(portShare, prefix));
        session.Share = address;
        session.Seen = session.LastActive;
        address.Sessions.Append(session);
        portShare.QueueOf(session).Append(session);
        portShare.Ranking.Raise(address);
        edge.Ranking.Raise(portShare);
        _ranking.Raise(edge);
        Count++;
    }

    /// <summary>Notes that the client has sent a datagram after an answer.</summary>
    public void NoteTwoWay(SharedSession session)
    {
        if (session.Share is not { } address || !session.IsOneWay)
            return;
        address.Port.OneWay.Remove(session);
        session.IsOneWay = false;
        address.Port.TwoWay.Append(session);
    }

    /// <summary>Removes a session.</summary>
    /// <returns>False when it was already removed.</returns>
    public bool Remove(SharedSession session)
    {
        if (session.Share is not { } address)
            return false;
        var port = address.Port;
        var edge = port.Edge;
        session.Share = null;
        address.Sessions.Remove(session);
        port.QueueOf(session).Remove(session);
        port.Ranking.Lower(address);
        edge.Ranking.Lower(port);
        _ranking.Lower(edge);
        Count--;
        if (address.Weight == 0)
            port.Addresses.Remove(address.Prefix);
        if (port.Weight == 0)
            edge.Ports.Remove(port.Number);
        if (edge.Weight == 0)
            _edges.Remove(edge.EdgeId);
        return true;
    }

    /// <summary>Removes and returns the session that gives way to a new one of an edge; null when there is none.</summary>
    public SharedSession? Evict(string edgeId)
    {
        if (_ranking.Most is not { } edge)
            return null;
        // If several edges have the most sessions, the one that asks gives way.
        if (_edges.TryGetValue(edgeId, out var own) && own.Weight == edge.Weight)
            edge = own;
        var port = edge.Ranking.Most!;
        var address = port.Ranking.Most!;
        var session = OfAddress(address) ?? OfQueue(port.OneWay) ?? OfQueue(port.TwoWay)!;
        Remove(session);
        return session;
    }

    // An address with more than half of the port's sessions loses any session; one with more than its share only an idle one.
    private static SharedSession? OfAddress(AddressShare address)
    {
        if (address.Weight <= Math.Max(1, address.Port.Weight / AddressPart))
            return null;
        return address.Sessions.FindIdle(out var longest) ?? (address.Weight > address.Port.Weight / 2 ? longest : null);
    }

    private static SharedSession? OfQueue(SessionQueue queue) => queue.FindIdle(out var longest) ?? longest;
}
