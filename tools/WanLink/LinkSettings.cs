using System.Net;

namespace Tunnel.Tools.WanLink;

/// <summary>The properties of one direction of the link at one moment.</summary>
internal sealed record LinkSettings
{
    /// <summary>The time from the end of a packet's transmission until it arrives.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The probability that a packet is lost, 0 to 1.</summary>
    public double Loss { get; init; }

    /// <summary>Bits a second; 0 is no limit.</summary>
    public double Rate { get; init; }

    /// <summary>How much may wait for the rate before packets are dropped: a time, or bytes when <see cref="QueueBytes"/> is set.</summary>
    public TimeSpan Queue { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The same limit in bytes; 0 when a time is given.</summary>
    public long QueueBytes { get; init; }

    /// <summary>Whether UDP is dropped while everything else passes, as in a network that blocks QUIC.</summary>
    public bool UdpBlocked { get; init; }

    /// <summary>Whether TCP is dropped without a word while everything else passes.</summary>
    public bool TcpBlocked { get; init; }

    /// <summary>
    /// The longest IPv4 packet; longer ones are dropped without a word, as on a path with a smaller MTU that filters ICMP. 0 is no limit.
    /// </summary>
    public int MaxPacket { get; init; }

    /// <summary>The address that replaces the sender's IPv4 address, and is replaced back in the other direction, as by a NAT.</summary>
    public IPAddress? Nat { get; init; }

    /// <summary>How long a packet of this many bytes is on the wire, in nanoseconds.</summary>
    public long WireTime(long bytes) => Rate > 0 ? (long)(bytes * 8 * 1e9 / Rate) : 0;

    /// <summary>How much may wait before the rate, in nanoseconds.</summary>
    public long QueueTime => QueueBytes > 0 ? WireTime(QueueBytes) : (long)Queue.TotalNanoseconds;
}
