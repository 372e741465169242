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
    private readonly LinkedList<TSession> _unproven = new();

    private readonly LinkedList<TSession> _proven = new();

    /// <summary>The shortest time-out of all sessions: none ends before it was idle for this long.</summary>
    private TimeSpan _shortestTimeout = TimeSpan.MaxValue;

    /// <summary>The sessions of each IPv4 address or IPv6 /64, oldest first.</summary>
    private readonly Dictionary<UInt128, LinkedList<TSession>> _addresses = [];

    public int Count => _sessions.Count;

    public bool TryGet(in SessionKey key, [MaybeNullWhen(false)] out TSession session) => _sessions.TryGetValue(key, out session);

    /// <summary>Adds a session for its first datagram.</summary>
    /// <returns>The session that had to give way; null when none had to.</returns>
    public TSession? Add(TSession session, TimeSpan now)
    {
        var prefix = PrefixOf(session);
        var evicted = _addresses.TryGetValue(prefix, out var group) && group.Count >= perAddress ? group.First
            : _sessions.Count >= capacity ? _unproven.First ?? _proven.First
            : null;
        if (evicted is not null)
            Remove(evicted.Value);
        _sessions.Add(session.Key, session);
        _shortestTimeout = TimeoutOf(session) < _shortestTimeout ? TimeoutOf(session) : _shortestTimeout;
        SessionsOf(prefix).AddLast(session.ByAddress);
        session.LastActive = now;
        _unproven.AddLast(session.ByActivity);
        return evicted?.Value;
    }

    /// <summary>
    /// Puts another session of the same key in the place of one whose client has sent a further datagram. It is proven then, and as old.
    /// </summary>
    /// <returns>False, with nothing changed, when the session is no longer in the table.</returns>
    public bool Replace(TSession session, TSession next, TimeSpan now)
    {
        if (session.ByActivity.List is not { } list)
            return false;
        list.Remove(session.ByActivity);
        _sessions[session.Key] = next;
        var group = session.ByAddress.List!;
        group.AddBefore(session.ByAddress, next.ByAddress);
        group.Remove(session.ByAddress);
        next.LastActive = now;
        _proven.AddLast(next.ByActivity);
        return true;
    }

    /// <summary>Notes a second datagram of the client, or an answer: the session is proven, and not idle.</summary>
    public void Touch(TSession session, TimeSpan now)
    {
        if (session.ByActivity.List is not { } list || (list == _proven && now - session.LastActive < Resolution))
            return;
        list.Remove(session.ByActivity);
        session.LastActive = now;
        _proven.AddLast(session.ByActivity);
    }

    /// <summary>
    /// Whether <see cref="Touch"/> would do anything. It may be called without the lock, so that busy sessions don't contend for it.
    /// </summary>
    public bool NeedsTouch(TSession session, TimeSpan now) => session.ByActivity.List != _proven || now - session.LastActive >= Resolution;

    /// <returns>False when the session was no longer in the table.</returns>
    public bool Remove(TSession session)
    {
        if (session.ByActivity.List is not { } list)
            return false;
        list.Remove(session.ByActivity);
        _sessions.Remove(session.Key);
        var group = session.ByAddress.List!;
        group.Remove(session.ByAddress);
        if (group.Count == 0)
            _addresses.Remove(PrefixOf(session));
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
        {
            if (condition(session))
                removed.Add(session);
        }

        foreach (var session in removed)
            Remove(session);
    }

    private TimeSpan TimeoutOf(TSession session) => session.IdleTimeout ?? idleTimeout;

    private static UInt128 PrefixOf(TSession session) => AddressNumber.ClientPrefixOf(session.Key.Path.Remote);

    private LinkedList<TSession> SessionsOf(UInt128 prefix)
    {
        if (!_addresses.TryGetValue(prefix, out var sessions))
            _addresses.Add(prefix, sessions = new LinkedList<TSession>());
        return sessions;
    }

    private void RemoveIdle(LinkedList<TSession> list, TimeSpan now, ICollection<TSession> removed)
    {
        var node = list.First;
        while (node is not null && now - node.Value.LastActive >= _shortestTimeout)
        {
            var next = node.Next;
            if (now - node.Value.LastActive >= TimeoutOf(node.Value))
            {
                Remove(node.Value);
                removed.Add(node.Value);
            }

            node = next;
        }
    }
}
