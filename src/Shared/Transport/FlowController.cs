using Tunnel.Shared.Protocol.Flow;
using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Shared.Transport;

/// <summary>A stream that holds undelivered bytes, as the memory budget sees it.</summary>
internal interface IBufferingStream
{
    /// <summary>Bytes held.</summary>
    long BufferedBytes { get; }

    /// <summary>Gives the memory up: the stream is reset.</summary>
    void ResetForMemory();
}

/// <summary>
/// What the streams of one process share (protocol.md section 4): how many are active, hence how large a window may get; the room that
/// windows have grown into; and the memory budget with the streams that hold it. Thread-safe.
/// </summary>
public sealed class FlowController
{
    /// <summary>Bytes that a stream may have under way while memory is short.</summary>
    public const int ShortWindow = 64 << 10;

    private readonly FlowControlOptions _options;
    private readonly Lock _lock = new();
    private readonly HashSet<IBufferingStream> _buffering = [];
    private int _active;
    private long _grown;
    private long _resets;
    private long _stalled;
    private volatile bool _kernelIsShort;

    internal FlowController(FlowControlOptions options)
    {
        _options = options;
        Budget = new MemoryBudget(options.MemoryBudget);
        Segments = new SegmentPool(Budget);
        Datagrams = new DatagramMemory(Budget);
    }

    /// <summary>Bytes held for slow readers.</summary>
    public MemoryBudget Budget { get; }

    /// <summary>The part of the budget that datagrams may wait in.</summary>
    public DatagramMemory Datagrams { get; }

    /// <summary>The memory that what is held over TLS is in.</summary>
    internal SegmentPool Segments { get; }

    /// <summary>Streams that moved data in the last 2 s.</summary>
    public int ActiveStreams => Volatile.Read(ref _active);

    /// <summary>Streams reset because the budget was used up and they held most of it.</summary>
    public long MemoryResets => Volatile.Read(ref _resets);

    /// <summary>Time that streams had to wait for credit, of all waits that are over.</summary>
    public TimeSpan StallTime => TimeSpan.FromMilliseconds(Volatile.Read(ref _stalled));

    /// <summary>Bytes that windows have grown by above their start.</summary>
    internal long Grown => Volatile.Read(ref _grown);

    /// <summary>The table's window at present.</summary>
    internal int Target => WindowTable.Target(ActiveStreams, _options.SharedWindow, _options.MinWindow, _options.MaxWindow);

    /// <summary>The kernel's memory for TCP is short as well as, or instead of, the process's budget.</summary>
    internal bool KernelIsShort
    {
        get => _kernelIsShort;
        set => _kernelIsShort = value;
    }

    /// <summary>The most that a sender may hold at present.</summary>
    internal int Ceiling => IsShort ? ShortWindow : int.MaxValue;

    private bool IsShort => Budget.IsShort || _kernelIsShort;

    internal void StreamBecameActive() => Interlocked.Increment(ref _active);

    internal void StreamBecameIdle() => Interlocked.Decrement(ref _active);

    /// <summary>
    /// Grants growth of a window. Starting windows are overcommitted (most streams never fill them), growth is not: all that windows have
    /// grown by stays within what they share, so ten thousand stalled readers cost their starting windows and no more.
    /// </summary>
    internal bool TryGrow(int bytes)
    {
        if (bytes <= 0 || IsShort)
            return false;
        if (Interlocked.Add(ref _grown, bytes) <= _options.SharedWindow)
            return true;
        Interlocked.Add(ref _grown, -bytes);
        return false;
    }

    internal void Shrink(int bytes) => Interlocked.Add(ref _grown, -bytes);

    internal void AddStall(long milliseconds) => Interlocked.Add(ref _stalled, milliseconds);

    internal void AddBuffering(IBufferingStream stream)
    {
        lock (_lock)
            _buffering.Add(stream);
    }

    internal void RemoveBuffering(IBufferingStream stream)
    {
        lock (_lock)
            _buffering.Remove(stream);
    }

    /// <summary>The budget is used up: resets the streams that hold most, until a tenth of it is free.</summary>
    internal void Relieve()
    {
        List<(IBufferingStream Stream, long Bytes)> holders;
        lock (_lock)
            holders = [.. _buffering.Select(static stream => (stream, stream.BufferedBytes))];
        holders.Sort(static (a, b) => b.Bytes.CompareTo(a.Bytes));
        foreach (var (stream, _) in holders)
        {
            if (Budget.Used <= Budget.Limit / 10 * 9)
                return;
            Interlocked.Increment(ref _resets);
            stream.ResetForMemory();
        }
    }
}
