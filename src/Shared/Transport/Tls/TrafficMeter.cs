namespace Tunnel.Shared.Transport.Tls;

/// <summary>What a tunnel has carried, counted where it happens: some under the tunnel's lock, some by the read loop and the drains.</summary>
internal sealed class TrafficMeter(TransportContext context)
{
    private long _bytesSent;
    private long _bytesReceived;
    private long _streamsOpened;
    private long _streamsReset;
    private long _datagramsSent;
    private long _datagramsReceived;

    /// <summary>Datagrams that were dropped; counted by any thread.</summary>
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
        DatagramsExpired = Drops[DatagramDrop.QueueExpired],
    };

    /// <summary>With the lock held.</summary>
    public void CountSent(int bytes) => _bytesSent += bytes;

    /// <summary>From any thread.</summary>
    public void CountReceived(int bytes) => Interlocked.Add(ref _bytesReceived, bytes);

    /// <summary>With the lock held.</summary>
    public void CountOpened() => _streamsOpened++;

    /// <summary>With the lock held.</summary>
    public void CountReset() => _streamsReset++;

    /// <summary>With the lock held.</summary>
    public void CountDatagramSent(int bytes)
    {
        _datagramsSent++;
        _bytesSent += bytes;
    }

    /// <summary>By the read loop.</summary>
    public void CountDatagramReceived(int bytes)
    {
        Interlocked.Increment(ref _datagramsReceived);
        CountReceived(bytes);
    }
}
