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

    internal SessionList<TSession>? List { get; set; }

    internal TSession? Previous { get; set; }

    internal TSession? Next { get; set; }

    internal AddressGroup<TSession>? Group { get; set; }

    internal TSession? GroupPrevious { get; set; }

    internal TSession? GroupNext { get; set; }
}

/// <summary>Identifies a session: the edge's port, the client, and the address of ours that it wrote to.</summary>
internal readonly record struct SessionKey(ushort Port, DatagramPath Path);
