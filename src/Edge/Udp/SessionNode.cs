namespace Tunnel.Edge.Udp;

/// <summary>What <see cref="SessionTable{TSession}"/> needs of a session.</summary>
internal abstract class SessionNode<TSession>(SessionKey key)
    where TSession : SessionNode<TSession>
{
    public SessionKey Key { get; } = key;

    /// <summary>When a datagram last went either way, on the table's clock.</summary>
    internal TimeSpan LastActive { get; set; }

    /// <summary>After how long without a datagram it ends; null: after the table's time.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    internal SessionList<TSession>? List { get; set; }

    internal TSession? Previous { get; set; }

    internal TSession? Next { get; set; }

    internal AddressGroup<TSession>? Group { get; set; }

    internal TSession? GroupPrevious { get; set; }

    internal TSession? GroupNext { get; set; }
}

/// <summary>What makes a session: the edge's port, the client, and our address that it wrote to.</summary>
internal readonly record struct SessionKey(ushort Port, DatagramPath Path);
