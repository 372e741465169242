namespace Tunnel.Shared.Transport.Quic;

/// <summary>What a tunnel has carried. Thread-safe.</summary>
internal sealed class QuicTraffic
{
    private long _bytesSent;
    private long _bytesReceived;
    private long _streamsOpened;
    private long _streamsReset;
    private long _datagramsSent;
    private long _datagramsReceived;
    private readonly long[] _drops = new long[Enum.GetValues<DatagramDrop>().Length];

    /// <summary>The figures now.</summary>
    public TunnelCounters Snapshot() => new()
    {
        BytesSent = Volatile.Read(ref _bytesSent),
        BytesReceived = Volatile.Read(ref _bytesReceived),
        StreamsOpened = Volatile.Read(ref _streamsOpened),
        StreamsReset = Volatile.Read(ref _streamsReset),
        DatagramsSent = Volatile.Read(ref _datagramsSent),
        DatagramsReceived = Volatile.Read(ref _datagramsReceived),
        DatagramsDropped = _drops.Sum(),
    };

    /// <summary>Datagrams dropped for one reason.</summary>
    public long Drops(DatagramDrop reason) => Volatile.Read(ref _drops[(int)reason]);

    public void CountSent(int bytes) => Interlocked.Add(ref _bytesSent, bytes);

    public void CountReceived(int bytes) => Interlocked.Add(ref _bytesReceived, bytes);

    public void CountOpened() => Interlocked.Increment(ref _streamsOpened);

    public void CountReset() => Interlocked.Increment(ref _streamsReset);

    public void CountDatagramSent(int bytes)
    {
        Interlocked.Increment(ref _datagramsSent);
        CountSent(bytes);
    }

    public void CountDatagramReceived(int bytes)
    {
        Interlocked.Increment(ref _datagramsReceived);
        CountReceived(bytes);
    }

    public void CountDrop(DatagramDrop reason, int count = 1) => Interlocked.Add(ref _drops[(int)reason], count);
}

/// <summary>Why a datagram was dropped at this end of a QUIC tunnel.</summary>
internal enum DatagramDrop
{
    /// <summary>As many as may be unsent were: the path is slower than the flood.</summary>
    QueueFull,

    /// <summary>Too large for a datagram, and as many as may be were on their way as streams.</summary>
    OversizeFull,

    /// <summary>msquic refused it, since the connection is ending or the path got narrower.</summary>
    Refused,

    /// <summary>Of a session that is not, or no more, open here.</summary>
    UnknownSession,

    /// <summary>It overtook its session's opening, and too many did or the opening did not come.</summary>
    EarlyFull,

    /// <summary>Not even a session id.</summary>
    Malformed,
}
