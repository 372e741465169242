namespace Tunnel.Shared.Transport.Quic.Connections;

/// <summary>How long a datagram of a connection may be at present. Thread-safe.</summary>
internal sealed class DatagramLimit
{
    /// <summary>Bytes of msquic's smallest packets, with the headers of IP and UDP, with which it begins on each path.</summary>
    public const int SmallestPacket = 1_248;

    /// <summary>
    /// Bytes of a datagram, with its session id, that fits into the smallest packets: less the headers of IPv6, UDP and QUIC (RFC 9000,
    /// 17.3.1, with the longest connection id; RFC 9221, 4).
    /// </summary>
    public const int Smallest = SmallestPacket - 48 - 44;

    private int _longest;

    /// <summary>Bytes of the longest datagram, with its session id; 0 while none can be sent.</summary>
    public int Longest
    {
        get => Volatile.Read(ref _longest);
        set => Interlocked.Exchange(ref _longest, value);
    }

    /// <summary>Notes another path, where msquic begins with its smallest packets; it says so only once larger ones got through.</summary>
    public void OnPathChanged() => Longest = Math.Min(Longest, Smallest);
}
