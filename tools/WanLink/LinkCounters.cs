namespace Tunnel.Tools.WanLink;

/// <summary>Counts what became of one direction's packets. One thread counts, others read.</summary>
internal sealed class LinkCounters
{
    private long _packets;
    private long _bytes;
    private long _lost;
    private long _queueFull;
    private long _blocked;

    public void AddPacket(int bytes)
    {
        Volatile.Write(ref _packets, _packets + 1);
        Volatile.Write(ref _bytes, _bytes + bytes);
    }

    public void AddLost() => Volatile.Write(ref _lost, _lost + 1);

    public void AddQueueFull() => Volatile.Write(ref _queueFull, _queueFull + 1);

    public void AddBlocked() => Volatile.Write(ref _blocked, _blocked + 1);

    /// <summary>Returns the counters as one line of output.</summary>
    public override string ToString() =>
        $"packets {Volatile.Read(ref _packets)} bytes {Volatile.Read(ref _bytes)} lost {Volatile.Read(ref _lost)} queueFull "
            + $"{Volatile.Read(ref _queueFull)} blocked {Volatile.Read(ref _blocked)}";
}
