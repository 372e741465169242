namespace Tunnel.Shared.Transport;

/// <summary>What a tunnel has carried since it began, payload only.</summary>
public readonly record struct TunnelCounters
{
    /// <summary>Bytes from the local peers into the tunnel, TCP and UDP.</summary>
    public long BytesSent { get; init; }

    /// <summary>Bytes out of the tunnel, TCP and UDP.</summary>
    public long BytesReceived { get; init; }

    /// <summary>Streams ever opened.</summary>
    public long StreamsOpened { get; init; }

    /// <summary>Streams that ended by a reset of either side.</summary>
    public long StreamsReset { get; init; }

    /// <summary>Datagrams sent.</summary>
    public long DatagramsSent { get; init; }

    /// <summary>Datagrams received.</summary>
    public long DatagramsReceived { get; init; }

    /// <summary>Datagrams dropped here because a queue was full or they were too old.</summary>
    public long DatagramsDropped { get; init; }

    /// <summary>Those of <see cref="DatagramsDropped"/> that had waited longer than is of use; the others found a queue full.</summary>
    public long DatagramsExpired { get; init; }
}
