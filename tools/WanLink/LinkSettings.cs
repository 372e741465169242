using System.Net;

namespace Tunnel.Tools.WanLink;

/// <summary>How one direction of the link is, at one moment.</summary>
internal sealed record LinkSettings
{
    /// <summary>From the end of a packet's transmission until it is there.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The probability that a packet is lost, 0 to 1.</summary>
    public double Loss { get; init; }

    /// <summary>Bits a second; 0 is no limit.</summary>
    public double Rate { get; init; }

    /// <summary>Drop-tail limit of what waits for the rate: a time, or bytes when <see cref="QueueBytes"/> is set.</summary>
    public TimeSpan Queue { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Drop-tail limit in bytes; 0 when a time is given.</summary>
    public long QueueBytes { get; init; }

    /// <summary>UDP is dropped, everything else passes: a network that blocks QUIC.</summary>
    public bool UdpBlocked { get; init; }

    /// <summary>
    /// IPv4 packets longer than this are dropped without a word: a path with a smaller MTU that filters ICMP. 0 is no limit.
    /// </summary>
    public int MaxPacket { get; init; }

    /// <summary>The sender's IPv4 address is replaced by this one, and back in the other direction: a NAT that has rebound.</summary>
    public IPAddress? Nat { get; init; }

    /// <summary>How long a packet of this many bytes is on the wire, in nanoseconds.</summary>
    public long WireTime(long bytes) => Rate > 0 ? (long)(bytes * 8 * 1e9 / Rate) : 0;

    /// <summary>How much may wait before the rate, in nanoseconds.</summary>
    public long QueueTime => QueueBytes > 0 ? WireTime(QueueBytes) : (long)Queue.TotalNanoseconds;
}
