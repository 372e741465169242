namespace Tunnel.Edge.Status;

/// <summary>One of the hubs that an edge is to be connected with.</summary>
public sealed record EdgeHubStatus
{
    /// <summary>The hub that is dialled, as <c>host:port</c>.</summary>
    public string Hub { get; init; } = "";

    /// <summary>Whether there is a tunnel to it.</summary>
    public bool Connected { get; init; }

    /// <summary>Its present address, or that of the proxy on the way; null while not connected.</summary>
    public string? HubAddress { get; init; }

    /// <summary>The transport of the tunnel (<c>tcpTls</c> or <c>quic</c>); null while not connected.</summary>
    public string? Transport { get; init; }

    /// <summary>When the present tunnel began; while there is none, when the last one ended.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Since when the tunnel has had no connection, while what is open waits for another one.</summary>
    public DateTimeOffset? LostSince { get; init; }

    /// <summary>The round trip in milliseconds; null before the first measurement.</summary>
    public double? Rtt { get; init; }

    /// <summary>The streams in its newest tunnel.</summary>
    public int ActiveStreams { get; init; }

    /// <summary>The UDP sessions in its newest tunnel.</summary>
    public int ActiveSessions { get; init; }

    /// <summary>
    /// The revision of its state of this edge: the one with the highest decides what is in force. Null while it has not said.
    /// </summary>
    public long? State { get; init; }

    /// <summary>
    /// Whether it has sent an older configuration than the one in force, so that it gets new clients only when no other hub takes them.
    /// </summary>
    public bool Outdated { get; init; }

    /// <summary>
    /// Whether it gives no sign of life now, so that new clients go to other hubs. Looked at only where there are others.
    /// </summary>
    public bool Silent { get; init; }

    /// <summary>Why there is no tunnel, or why the last one ended; null when all is well.</summary>
    public string? LastError { get; init; }

    /// <summary>When the next attempt to connect is due; null while connected or trying.</summary>
    public DateTimeOffset? NextAttempt { get; init; }
}
