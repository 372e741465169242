namespace Tunnel.Hub.Traffic;

/// <summary>Whether a client was let in.</summary>
public enum ConnectionAction
{
    /// <summary>It had a connection; the reason says how that ended.</summary>
    Allowed,

    /// <summary>It was turned away.</summary>
    Blocked,
}

/// <summary>A connection or session that has ended, or a client that was turned away, at a port with <c>logConnections</c>.</summary>
public sealed record ConnectionRecord
{
    /// <summary>Its number in this run of the hub.</summary>
    public long Id { get; init; }

    /// <summary>Its name in the logs of edge and hub and at the upstream; null for a client that was turned away.</summary>
    public string? UniqueId { get; init; }

    /// <summary>When it ended, or when the client was turned away (as reported to the hub, within seconds).</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The id of the edge that it came through.</summary>
    public required string EdgeId { get; init; }

    /// <summary>The edge's listening port.</summary>
    public required int Port { get; init; }

    /// <summary>The protocol, <c>tcp</c> or <c>udp</c>.</summary>
    public required string Proto { get; init; }

    /// <summary>The client's address, with its port if there was a connection; null when not known.</summary>
    public string? Client { get; init; }

    /// <summary>Whether the client was let in.</summary>
    public required ConnectionAction Action { get; init; }

    /// <summary>
    /// How it ended (<c>completed</c>, <c>resetByPeer</c>, <c>idleTimeout</c>, <c>refused</c> …), or why the client was turned away
    /// (<c>denied</c> …).
    /// </summary>
    public required string Reason { get; init; }

    /// <summary>The bytes from the client.</summary>
    public long BytesIn { get; init; }

    /// <summary>The bytes to the client.</summary>
    public long BytesOut { get; init; }

    /// <summary>How long it lasted, in seconds.</summary>
    public double Duration { get; init; }

    /// <summary>How many clients the record stands for: those that are turned away are reported together once a second.</summary>
    public long Count { get; init; } = 1;
}
