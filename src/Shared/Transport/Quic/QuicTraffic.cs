namespace Tunnel.Shared.Transport.Quic;

/// <summary>What a tunnel has carried. Thread-safe.</summary>
internal sealed class QuicTraffic(TransportContext context)
{
    private long _bytesSent;
    private long _bytesReceived;
    private long _streamsOpened;
    private long _streamsReset;
    private long _datagramsSent;
    private long _datagramsReceived;

    /// <summary>Datagrams that were dropped.</summary>
    public DatagramDrops Drops { get; } = new(context.Drops);

    /// <summary>The figures now.</summary>
    public TunnelCounters Snapshot() => new()
    {
        BytesSent = Volatile.Read(ref _bytesSent),
        BytesReceived = Volatile.Read(ref _bytesReceived),
        StreamsOpened = Volatile.Read(ref _streamsOpened),
        StreamsReset = Volatile.Read(ref _streamsReset),
        DatagramsSent = Volatile.Read(ref _datagramsSent),
        DatagramsReceived = Volatile.Read(ref _datagramsReceived),
        DatagramsDropped = Drops.Total,
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
