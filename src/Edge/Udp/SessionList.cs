namespace Tunnel.Edge.Udp;

/// <summary>
/// A queue of sessions by last activity, linked through the sessions themselves, so that every operation is O(1). The caller locks.
/// </summary>
internal sealed class SessionList<TSession>
    where TSession : SessionNode<TSession>
{
    /// <summary>The session that has been idle longest.</summary>
    public TSession? Oldest { get; private set; }

    private TSession? Newest { get; set; }

    public int Count { get; private set; }

    public void Append(TSession session)
    {
        session.Previous = Newest;
        session.Next = null;
        session.List = this;
        if (Newest is null)
            Oldest = session;
        else
            Newest.Next = session;
        Newest = session;
        Count++;
    }

    public void Remove(TSession session)
    {
        if (session.Previous is { } previous)
            previous.Next = session.Next;
        else
            Oldest = session.Next;
        if (session.Next is { } next)
            next.Previous = session.Previous;
        else
            Newest = session.Previous;
        session.Previous = session.Next = null;
        session.List = null;
        Count--;
    }
}
