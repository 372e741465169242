using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Transport.KernelMemory;

/// <summary>
/// Acts before the kernel's memory for TCP runs out. Beyond its limit the kernel discards what arrives on every connection of the machine,
/// so a few thousand stalled readers would stop everybody. At 75 % stalled streams get small buffers and windows stop growing, as at 75 %
/// of the memory budget; at 90 % new streams are refused, and those that have stalled longest are reset. Thread-safe.
/// </summary>
public sealed class TcpMemoryGuard : IDisposable
{
    /// <summary>The interval at which the kernel is asked.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>A stream that has waited this long is stalled; shorter waits may be a burst that settles.</summary>
    internal static readonly TimeSpan Stall = TimeSpan.FromSeconds(1);

    /// <summary>A stream that has waited for less is not reset: its reader may have been busy for a moment.</summary>
    internal static readonly TimeSpan LongStall = TimeSpan.FromSeconds(5);

    private const int ShortPercent = 75;
    private const int ExhaustedPercent = 90;

    /// <summary>The percentage points by which the use must fall below a state's threshold before the state ends.</summary>
    private const int EasePercent = 5;

    private readonly Action<bool> _tellShort;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly HashSet<ITcpMemoryHolder> _holders = [];
    private Func<TcpMemoryFigures?> _read = static () => null;
    private ITimer? _timer;
    private TcpMemoryFigures? _figures;
    private volatile TcpMemoryState _state;
    private long _resets;

    /// <summary>Creates the guard; the owner of the windows does so.</summary>
    /// <param name="tellShort">Is told whether memory is short, so that windows must stop growing.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Logs changes of state.</param>
    internal TcpMemoryGuard(Action<bool> tellShort, TimeProvider time, ILogger logger) =>
        (_tellShort, _time, _logger) = (tellShort, time, logger);

    /// <summary>How much memory is left.</summary>
    public TcpMemoryState State => _state;

    /// <summary>True while new streams must be refused.</summary>
    public bool RefusesStreams => _state == TcpMemoryState.Exhausted;

    /// <summary>The number of streams that were reset for memory since the start.</summary>
    public long StreamsReset => Interlocked.Read(ref _resets);

    /// <summary>The kernel's last figures; null when it gave none or was not asked yet.</summary>
    public TcpMemoryFigures? Figures
    {
        get
        {
            lock (_lock)
                return _figures;
        }
    }

    /// <summary>The figures for the status; null when they are not known.</summary>
    public TcpMemoryStatus? Status => TcpMemoryStatus.Of(this);

    /// <summary>Starts to ask the kernel: at once, then every <see cref="Period"/>.</summary>
    /// <param name="read">Asks the kernel; returns null when the figures are not known.</param>
    public void Start(Func<TcpMemoryFigures?> read)
    {
        _read = read;
        Look();
        _timer = _time.CreateGuardedTimer(static self => self.Look(), this, Period, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Stops asking the kernel.</summary>
    public void Dispose() => _timer?.Dispose();

    /// <summary>Adds a socket whose stream has begun to wait.</summary>
    internal void Add(ITcpMemoryHolder holder)
    {
        lock (_lock)
            _holders.Add(holder);
    }

    /// <summary>Removes a socket that is closed.</summary>
    internal void Remove(ITcpMemoryHolder holder)
    {
        lock (_lock)
            _holders.Remove(holder);
    }

    private static TcpMemoryState Next(TcpMemoryState state, in TcpMemoryFigures figures)
    {
        var percent = figures.Used * 100 / figures.Limit;
        if (percent >= ExhaustedPercent || (state == TcpMemoryState.Exhausted && percent >= ExhaustedPercent - EasePercent))
            return TcpMemoryState.Exhausted;
        return percent >= ShortPercent || (state != TcpMemoryState.Normal && percent >= ShortPercent - EasePercent)
            ? TcpMemoryState.Short
            : TcpMemoryState.Normal;
    }

    private static long Megabytes(long pages) => pages * Environment.SystemPageSize / 1_000_000;

    // The next check is scheduled when this one is done: two at once would both free the same memory.
    private void Look()
    {
        try
        {
            if (_read() is { } figures)
                Apply(figures);
        }
        finally
        {
            _timer?.Change(Period, Timeout.InfiniteTimeSpan);
        }
    }

    private void Apply(in TcpMemoryFigures figures)
    {
        var before = _state;
        var state = Next(before, figures);
        ITcpMemoryHolder[] holders = [];
        lock (_lock)
        {
            _figures = figures;
            if (state != TcpMemoryState.Normal || before != TcpMemoryState.Normal)
                holders = [.. _holders];
        }

        _state = state;
        _tellShort(state != TcpMemoryState.Normal);
        foreach (var holder in holders)
            holder.SetSmallBuffers(state != TcpMemoryState.Normal && holder.StalledFor >= Stall);
        if (state == TcpMemoryState.Exhausted)
            ResetLongest(holders, figures);
        if (state != before)
            Log(state, figures);
    }

    // Called without the lock, because a reset calls Remove.
    private void ResetLongest(ITcpMemoryHolder[] holders, in TcpMemoryFigures figures)
    {
        var excess = (figures.Used - (figures.Limit * (ExhaustedPercent - EasePercent) / 100)) * Environment.SystemPageSize;
        var stalled =
            holders.Select(static holder => (Holder: holder, For: holder.StalledFor)).Where(static entry => entry.For >= LongStall);
        foreach (var (holder, _) in stalled.OrderByDescending(static entry => entry.For))
        {
            if (excess < 0)
                return;
            var held = holder.HeldBytes;
            // The socket holds no kernel memory, so a reset would free nothing.
            if (held == 0)
                continue;
            excess -= held;
            Interlocked.Increment(ref _resets);
            holder.ResetForMemory();
        }
    }

    private void Log(TcpMemoryState state, in TcpMemoryFigures figures)
    {
        var (used, limit) = (Megabytes(figures.Used), Megabytes(figures.Limit));
        if (state == TcpMemoryState.Exhausted)
            TcpMemoryLog.Exhausted(_logger, used, limit);
        else if (state == TcpMemoryState.Short)
            TcpMemoryLog.Short(_logger, used, limit);
        else
            TcpMemoryLog.Normal(_logger, used, limit, StreamsReset);
    }
}
