namespace Tunnel.Hub.Forwarding.Shares;

/// <summary>A place in a <see cref="SessionQueue"/>.</summary>
internal struct SessionLinks
{
    public SharedSession? Previous;
    public SharedSession? Next;
    public bool IsLinked;
}

/// <summary>
/// Sessions in the order in which they were opened or, later, last found busy. They are linked through the sessions themselves, since
/// there are many. The caller locks.
/// </summary>
internal sealed class SessionQueue(bool ofPort)
{
    // The number of sessions that are looked at to find one that is not busy.
    private const int MaxLooks = 32;

    private SharedSession? _first;
    private SharedSession? _last;

    public IEnumerable<SharedSession> All
    {
        get
        {
            for (var session = _first; session is not null; session = LinksOf(session).Next)
                yield return session;
        }
    }

    public void Append(SharedSession session)
    {
        ref var links = ref LinksOf(session);
        links = new SessionLinks { Previous = _last, IsLinked = true };
        if (_last is null)
            _first = session;
        else
            LinksOf(_last).Next = session;
        _last = session;
    }

    public void Remove(SharedSession session)
    {
        ref var links = ref LinksOf(session);
        if (!links.IsLinked)
            return;
        if (links.Previous is null)
            _first = links.Next;
        else
            LinksOf(links.Previous).Next = links.Next;
        if (links.Next is null)
            _last = links.Previous;
        else
            LinksOf(links.Next).Previous = links.Previous;
        links = default;
    }

    /// <summary>
    /// Finds the first session that was not active since it was last looked at, preferring a one-way session. Sessions that were active
    /// go to the end.
    /// </summary>
    /// <param name="longest">When all sessions that were looked at are busy, the one that was idle longest, again preferring a one-way
    /// session.</param>
    public SharedSession? FindIdle(out SharedSession? longest)
    {
        SharedSession? idle = null;
        longest = null;
        var (session, end) = (_first, _last);
        for (var looks = 0; session is not null && looks < MaxLooks && idle is not { IsOneWay: true }; looks++)
        {
            var next = session == end ? null : LinksOf(session).Next;
            if (longest is null || IsRather(session, longest))
                longest = session;
            if (session.LastActive == session.Seen)
            {
                if (idle is null || session.IsOneWay)
                    idle = session;
            }
            else
            {
                session.Seen = session.LastActive;
                Remove(session);
                Append(session);
            }

            session = next;
        }

        return idle;
    }

    private static bool IsRather(SharedSession session, SharedSession than) =>
        session.IsOneWay == than.IsOneWay ? session.LastActive < than.LastActive : session.IsOneWay;

    private ref SessionLinks LinksOf(SharedSession session) => ref ofPort ? ref session.OfPort : ref session.OfAddress;
}
