using Tunnel.Shared.Protocol.Flow;
using Tunnel.Shared.Transport.Buffers;

namespace Tunnel.Shared.Transport;

/// <summary>A stream that holds undelivered bytes, as the memory budget sees it.</summary>
internal interface IBufferingStream
{
    /// <summary>Bytes that the stream holds.</summary>
    long BufferedBytes { get; }

    /// <summary>Frees the memory by resetting the stream.</summary>
    void ResetForMemory();
}

/// <summary>Keeps bytes that were sent, as the memory budget sees it.</summary>
internal interface IKeeper
{
    /// <summary>Bytes of memory that are held.</summary>
    long Held { get; }

    /// <summary>Bytes that all tunnels of its peer hold together.</summary>
    long HeldByPeer { get; }

    /// <summary>Frees the memory: what was sent so far can't be sent again. Called without any lock.</summary>
    void Forget();
}

/// <summary>
/// The state that the streams of one process share (protocol.md section 4): the number of active streams, which sets the largest window;
/// the bytes by which windows have grown; and the memory budget with the streams that hold it. Thread-safe.
/// </summary>
public sealed class FlowController
{
    /// <summary>Bytes that a stream may have under way while memory is short.</summary>
    public const int ShortWindow = 64 << 10;

    private readonly FlowControlOptions _options;
    private readonly Lock _lock = new();
    private readonly HashSet<IBufferingStream> _buffering = [];
    private readonly HashSet<IKeeper> _keepers = [];
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
        Kept = new KeptMemory(Budget);
    }

    /// <summary>Bytes held for slow readers.</summary>
    public MemoryBudget Budget { get; }

    /// <summary>The part of the budget for waiting datagrams.</summary>
    public DatagramMemory Datagrams { get; }

    /// <summary>The part of the budget for what tunnels keep to send it again.</summary>
    internal KeptMemory Kept { get; }

    /// <summary>The segments that hold undelivered bytes of tunnels over TLS.</summary>
    internal SegmentPool Segments { get; }

    /// <summary>Streams that moved data in the last 2 s.</summary>
    public int ActiveStreams => Volatile.Read(ref _active);

    /// <summary>Streams reset because the budget was used up and they held most of it.</summary>
    public long MemoryResets => Volatile.Read(ref _resets);

    /// <summary>Time that streams had to wait for credit, summed over all waits that have ended.</summary>
    public TimeSpan StallTime => TimeSpan.FromMilliseconds(Volatile.Read(ref _stalled));

    /// <summary>Bytes by which windows have grown above their start.</summary>
    internal long Grown => Volatile.Read(ref _grown);

    /// <summary>The window that the table gives for the present number of active streams.</summary>
    internal int Target => WindowTable.Target(ActiveStreams, _options.SharedWindow, _options.MinWindow, _options.MaxWindow);

    /// <summary>True while the kernel's memory for TCP is short, whatever the state of the process's budget.</summary>
    internal bool KernelIsShort
    {
        get => _kernelIsShort;
        set => _kernelIsShort = value;
    }

    /// <summary>The most bytes that a sender may have under way at present.</summary>
    internal int Ceiling => IsShort ? ShortWindow : int.MaxValue;

    private bool IsShort => Budget.IsShort || _kernelIsShort;

    /// <summary>Gives memory that is kept for the next use back to the kernel. What is in use stays.</summary>
    public void ReleaseKept() => Segments.ReleaseKept();

    internal void StreamBecameActive() => Interlocked.Increment(ref _active);

    internal void StreamBecameIdle() => Interlocked.Decrement(ref _active);

    /// <summary>
    /// Grants growth of a window. Starting windows are overcommitted (most streams never fill them), growth is not: the sum of all growth
    /// stays within the shared window, so ten thousand stalled readers cost their starting windows and no more.
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

    internal void AddKeeper(IKeeper keeper)
    {
        lock (_lock)
            _keepers.Add(keeper);
    }

    internal void RemoveKeeper(IKeeper keeper)
    {
        lock (_lock)
            _keepers.Remove(keeper);
    }

    /// <summary>
    /// Frees a tenth of the budget: first what is kept to be sent again, then by resetting streams; whoever holds most comes first.
    /// What is kept counts for the peer, so that many connections of one do not come behind the only one of another. Called when the
    /// budget is used up.
    /// </summary>
    internal void Relieve()
    {
        List<(IBufferingStream Stream, long Bytes)> holders;
        List<(IKeeper Keeper, long Peer, long Bytes)> keepers;
        lock (_lock)
        {
            holders = [.. _buffering.Select(static stream => (stream, stream.BufferedBytes))];
            keepers = [.. _keepers.Select(static keeper => (keeper, keeper.HeldByPeer, keeper.Held))];
        }

        keepers.Sort(static (a, b) => (b.Peer, b.Bytes).CompareTo((a.Peer, a.Bytes)));
        foreach (var (keeper, _, _) in keepers)
        {
            if (Budget.Used <= Budget.Limit / 10 * 9)
                return;
            keeper.Forget();
        }

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
