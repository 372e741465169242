using System.Diagnostics.CodeAnalysis;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Edge.Udp;

/// <summary>
/// All UDP sessions of the edge. The table is bounded: when it is full, a session of one unanswered datagram gives way first (a flood from
/// forged addresses consists of those), then the session that has been idle longest. It does no I/O: the time comes in as an argument, and
/// the caller locks.
/// </summary>
/// <param name="capacity">The most sessions at once.</param>
/// <param name="perAddress">The most sessions of one IPv4 address or IPv6 /64. Beyond that, its own oldest session gives way, so that no
/// other address loses one.</param>
/// <param name="idleTimeout">A session ends when nothing has moved for this long.</param>
internal sealed class SessionTable<TSession>(int capacity, int perAddress, TimeSpan idleTimeout)
    where TSession : SessionNode<TSession>
{
    /// <summary>Activity within this time after the last is not worth a move in the list, so the order is only this exact.</summary>
    private static readonly TimeSpan Resolution = TimeSpan.FromSeconds(1);

    private readonly Dictionary<SessionKey, TSession> _sessions = [];

    /// <summary>Sessions with one datagram that nothing has answered.</summary>
    private readonly SessionList<TSession> _unproven = new();

    private readonly SessionList<TSession> _proven = new();

    /// <summary>The shortest time-out of all sessions: none ends before it was idle for this long.</summary>
    private TimeSpan _shortestTimeout = TimeSpan.MaxValue;

    private readonly Dictionary<UInt128, AddressGroup<TSession>> _addresses = [];

    public int Count => _sessions.Count;

    public bool TryGet(in SessionKey key, [MaybeNullWhen(false)] out TSession session) => _sessions.TryGetValue(key, out session);

    /// <summary>Adds a session for its first datagram.</summary>
    /// <returns>The session that had to give way; null when none had to.</returns>
    public TSession? Add(TSession session, TimeSpan now)
    {
        var prefix = AddressNumber.ClientPrefixOf(session.Key.Path.Remote);
        var evicted = _addresses.TryGetValue(prefix, out var group) && group.Count >= perAddress ? group.Oldest
            : _sessions.Count >= capacity ? _unproven.Oldest ?? _proven.Oldest
            : null;
        if (evicted is not null)
            Remove(evicted);
        _sessions.Add(session.Key, session);
        _shortestTimeout = TimeoutOf(session) < _shortestTimeout ? TimeoutOf(session) : _shortestTimeout;
        GroupOf(prefix).Append(session);
        session.LastActive = now;
        _unproven.Append(session);
        return evicted;
    }

    /// <summary>Notes a second datagram of the client, or an answer: the session is proven, and not idle.</summary>
    public void Touch(TSession session, TimeSpan now)
    {
        var proven = session.List == _proven;
        if (session.List is null || (proven && now - session.LastActive < Resolution))
            return;
        session.List.Remove(session);
        session.LastActive = now;
        _proven.Append(session);
    }

    /// <summary>
    /// Whether <see cref="Touch"/> would do anything. It may be called without the lock, so that busy sessions don't contend for it.
    /// </summary>
    public bool NeedsTouch(TSession session, TimeSpan now) => session.List != _proven || now - session.LastActive >= Resolution;

    /// <returns>False when the session was no longer in the table.</returns>
    public bool Remove(TSession session)
    {
        if (session.List is null)
            return false;
        session.List.Remove(session);
        _sessions.Remove(session.Key);
        if (session.Group is { } group)
        {
            group.Remove(session);
            if (group.Count == 0)
                _addresses.Remove(group.Prefix);
        }

        return true;
    }

    /// <summary>Removes every session that has been idle for its time-out.</summary>
    public void RemoveIdle(TimeSpan now, ICollection<TSession> removed)
    {
        RemoveIdle(_unproven, now, removed);
        // Their last activity may be later than recorded, by up to this much. So no session is ended early, right after a datagram.
        RemoveIdle(_proven, now - Resolution, removed);
    }

    /// <summary>Removes every session of one port.</summary>
    public void RemovePort(ushort port, ICollection<TSession> removed) => RemoveWhere(session => session.Key.Port == port, removed);

    /// <summary>Removes every session for which <paramref name="condition"/> returns true.</summary>
    public void RemoveWhere(Func<TSession, bool> condition, ICollection<TSession> removed)
    {
        foreach (var session in _sessions.Values)
            if (condition(session))
                removed.Add(session);
        foreach (var session in removed)
            Remove(session);
    }

    private TimeSpan TimeoutOf(TSession session) => session.IdleTimeout ?? idleTimeout;

    private AddressGroup<TSession> GroupOf(UInt128 prefix)
    {
        if (!_addresses.TryGetValue(prefix, out var group))
            _addresses.Add(prefix, group = new AddressGroup<TSession>(prefix));
        return group;
    }

    private void RemoveIdle(SessionList<TSession> list, TimeSpan now, ICollection<TSession> removed)
    {
        var session = list.Oldest;
        while (session is not null && now - session.LastActive >= _shortestTimeout)
        {
            var next = session.Next;
            if (now - session.LastActive >= TimeoutOf(session))
            {
                Remove(session);
                removed.Add(session);
            }

            session = next;
        }
    }
}
