namespace Tunnel.Shared.Transport.Streams;

/// <summary>Counts what a tunnel carries, where it happens. Thread-safe, because over QUIC many workers count.</summary>
internal sealed class TrafficMeter(TransportContext context)
{
    private long _bytesSent;
    private long _bytesReceived;
    private long _streamsOpened;
    private long _streamsReset;
    private long _datagramsSent;
    private long _datagramsReceived;

    /// <summary>Datagrams that were dropped.</summary>
    public DatagramDrops Drops { get; } = new(context.Drops);

    /// <summary>Returns the present figures.</summary>
    public TunnelCounters Snapshot() => new()
    {
        BytesSent = Volatile.Read(ref _bytesSent),
        BytesReceived = Volatile.Read(ref _bytesReceived),
        StreamsOpened = Volatile.Read(ref _streamsOpened),
        StreamsReset = Volatile.Read(ref _streamsReset),
        DatagramsSent = Volatile.Read(ref _datagramsSent),
        DatagramsReceived = Volatile.Read(ref _datagramsReceived),
        DatagramsDropped = Drops.Total,
        DatagramsExpired = Drops[DatagramDrop.QueueExpired],
    };

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
}
