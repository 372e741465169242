namespace Tunnel.Edge.Udp;

/// <summary>The sessions of one IPv4 address or IPv6 /64, oldest first, linked through the sessions themselves. The caller locks.</summary>
internal sealed class AddressGroup<TSession>(UInt128 prefix)
    where TSession : SessionNode<TSession>
{
    public UInt128 Prefix => prefix;

    public int Count { get; private set; }

    /// <summary>The session that was opened first.</summary>
    public TSession? Oldest { get; private set; }

    private TSession? Newest { get; set; }

    public void Append(TSession session)
    {
        session.Group = this;
        session.GroupPrevious = Newest;
        if (Newest is null)
            Oldest = session;
        else
            Newest.GroupNext = session;
        Newest = session;
        Count++;
    }

    public void Remove(TSession session)
    {
        if (session.GroupPrevious is { } previous)
            previous.GroupNext = session.GroupNext;
        else
            Oldest = session.GroupNext;
        if (session.GroupNext is { } next)
            next.GroupPrevious = session.GroupPrevious;
        else
            Newest = session.GroupPrevious;
        session.GroupPrevious = session.GroupNext = null;
        session.Group = null;
        Count--;
    }
}
