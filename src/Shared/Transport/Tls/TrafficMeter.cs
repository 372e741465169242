namespace Tunnel.Shared.Transport.Tls;

/// <summary>What a tunnel has carried, counted where it happens: some under the tunnel's lock, some by the read loop and the drains.</summary>
internal sealed class TrafficMeter
{
    private long _bytesSent;
    private long _bytesReceived;
    private long _streamsOpened;
    private long _streamsReset;
    private long _datagramsSent;
    private long _datagramsReceived;
    private long _datagramsDropped;
    private long _datagramsExpired;

    /// <summary>The figures now.</summary>
    public TunnelCounters Snapshot() => new()
    {
        BytesSent = Volatile.Read(ref _bytesSent),
        BytesReceived = Volatile.Read(ref _bytesReceived),
        StreamsOpened = Volatile.Read(ref _streamsOpened),
        StreamsReset = Volatile.Read(ref _streamsReset),
        DatagramsSent = Volatile.Read(ref _datagramsSent),
        DatagramsReceived = Volatile.Read(ref _datagramsReceived),
        DatagramsDropped = Volatile.Read(ref _datagramsDropped),
        DatagramsExpired = Volatile.Read(ref _datagramsExpired),
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

    /// <summary>With the lock held, for whatever reason.</summary>
    public void CountDatagramDropped() => _datagramsDropped++;

    /// <summary>With the lock held: one that is dropped because it is too old.</summary>
    public void CountDatagramExpired() => _datagramsExpired++;
}
