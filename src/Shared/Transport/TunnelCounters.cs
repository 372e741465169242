namespace Tunnel.Shared.Transport;

/// <summary>Counts what a tunnel has carried since it began, payload only.</summary>
public readonly record struct TunnelCounters
{
    /// <summary>Bytes from the local peers into the tunnel, TCP and UDP.</summary>
    public long BytesSent { get; init; }

    /// <summary>Bytes out of the tunnel, TCP and UDP.</summary>
    public long BytesReceived { get; init; }

    /// <summary>Streams ever opened; one that goes on here after another tunnel is counted there only.</summary>
    public long StreamsOpened { get; init; }

    /// <summary>
    /// Streams that ended by a reset of either side, or with the tunnel. One that goes on elsewhere is counted where it ends.
    /// </summary>
    public long StreamsReset { get; init; }

    /// <summary>Datagrams sent.</summary>
    public long DatagramsSent { get; init; }

    /// <summary>Datagrams received.</summary>
    public long DatagramsReceived { get; init; }

    /// <summary>Datagrams dropped here, for any <see cref="DatagramDrop"/>.</summary>
    public long DatagramsDropped { get; init; }

    /// <summary>The part of <see cref="DatagramsDropped"/> that had waited too long to be of use.</summary>
    public long DatagramsExpired { get; init; }

    /// <summary>Returns the sum of what two tunnels have carried.</summary>
    public TunnelCounters Plus(in TunnelCounters other) => new()
    {
        BytesSent = BytesSent + other.BytesSent,
        BytesReceived = BytesReceived + other.BytesReceived,
        StreamsOpened = StreamsOpened + other.StreamsOpened,
        StreamsReset = StreamsReset + other.StreamsReset,
        DatagramsSent = DatagramsSent + other.DatagramsSent,
        DatagramsReceived = DatagramsReceived + other.DatagramsReceived,
        DatagramsDropped = DatagramsDropped + other.DatagramsDropped,
        DatagramsExpired = DatagramsExpired + other.DatagramsExpired,
    };
}

/// <summary>
/// What waits in a tunnel to be sent, by tier (protocol.md section 5). TCP data waits in the kernel, so only its flows can be counted.
/// </summary>
/// <param name="ControlBytes">Bytes of control messages.</param>
/// <param name="DatagramBytes">Bytes of datagrams, which belong to the normal tier.</param>
/// <param name="NormalFlows">Streams and sessions that have data to send.</param>
/// <param name="SustainedFlows">Streams and sessions that have data to send and have been sending for long.</param>
public readonly record struct TunnelQueues(long ControlBytes, long DatagramBytes, long NormalFlows, long SustainedFlows)
{
    /// <summary>Returns the sum of what waits in two tunnels.</summary>
    public TunnelQueues Plus(in TunnelQueues other) => new(
        ControlBytes + other.ControlBytes, DatagramBytes + other.DatagramBytes, NormalFlows + other.NormalFlows,
        SustainedFlows + other.SustainedFlows);
}
