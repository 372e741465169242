namespace Tunnel.Edge.Udp;

/// <summary>The base of the sessions in a <see cref="SessionTable{TSession}"/>.</summary>
internal abstract class SessionNode<TSession>(SessionKey key)
    where TSession : SessionNode<TSession>
{
    public SessionKey Key { get; } = key;

    /// <summary>When a datagram last went in either direction, on the table's clock.</summary>
    internal TimeSpan LastActive { get; set; }

    /// <summary>How long the session may be without a datagram before it ends; null means the table's time-out.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Its place among the sessions by last activity. Nodes are made once, so that a move allocates nothing.</summary>
    internal LinkedListNode<TSession> ByActivity => field ??= new LinkedListNode<TSession>((TSession)this);

    /// <summary>Its place among the sessions of its client's IPv4 address or IPv6 /64, by age.</summary>
    internal LinkedListNode<TSession> ByAddress => field ??= new LinkedListNode<TSession>((TSession)this);
}

/// <summary>Identifies a session: the edge's port, the client, and the address of ours that it wrote to.</summary>
internal readonly record struct SessionKey(ushort Port, DatagramPath Path);
