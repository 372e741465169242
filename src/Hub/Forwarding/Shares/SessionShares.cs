using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.Forwarding.Shares;

/// <summary>
/// Whose the hub's sessions are, by edge, port and client's address, and which gives way when there are as many as may be: one of the edge
/// that has most, of its port that has most; there an idle one of an address that has more than its part, or else one that is one-way (a
/// flood from forged addresses consists of those), or else any. Those that are one-way go before others, and idle ones before busy ones. So
/// a flood takes from itself first, and a busy two-way flow goes last. Every operation takes a bounded number of steps. The caller locks.
/// </summary>
internal sealed class SessionShares
{
    // An address that has more than one in so many of its port's sessions has more than its part.
    private const int AddressPart = 16;

    private readonly Dictionary<string, EdgeShare> _edges = new(StringComparer.Ordinal);
    private readonly Ranking<EdgeShare> _ranking = new();

    /// <summary>All sessions.</summary>
    public int Count { get; private set; }

    public IEnumerable<SharedSession> All =>
        _edges.Values.SelectMany(static edge => edge.Ports.Values).SelectMany(static port => port.OneWay.All.Concat(port.TwoWay.All));

    /// <summary>Enters a session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="edgeId">Its edge.</param>
    /// <param name="port">Its port.</param>
    /// <param name="client">Its client's address; 0 when it is not known.</param>
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

    /// <summary>A datagram of the client has followed an answer.</summary>
    public void NoteTwoWay(SharedSession session)
    {
        if (session.Share is not { } address || !session.IsOneWay)
            return;
        address.Port.OneWay.Remove(session);
        session.IsOneWay = false;
        address.Port.TwoWay.Append(session);
    }

    /// <summary>Takes a session out.</summary>
    /// <returns>False when it was not there any more.</returns>
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

    /// <summary>Takes out the one that gives way to a new one of an edge.</summary>
    public SharedSession? Evict(string edgeId)
    {
        if (_ranking.Most is not { } edge)
            return null;
        // Among equals who asks gives.
        if (_edges.TryGetValue(edgeId, out var own) && own.Weight == edge.Weight)
            edge = own;
        var port = edge.Ranking.Most!;
        var address = port.Ranking.Most!;
        var session = OfAddress(address) ?? OfQueue(port.OneWay) ?? OfQueue(port.TwoWay)!;
        Remove(session);
        return session;
    }

    // Of one that has most of the port's sessions any, of one that has more than its part an idle one.
    private static SharedSession? OfAddress(AddressShare address)
    {
        if (address.Weight <= Math.Max(1, address.Port.Weight / AddressPart))
            return null;
        return address.Sessions.FindIdle(out var longest) ?? (address.Weight > address.Port.Weight / 2 ? longest : null);
    }

    private static SharedSession? OfQueue(SessionQueue queue) => queue.FindIdle(out var longest) ?? longest;
}
