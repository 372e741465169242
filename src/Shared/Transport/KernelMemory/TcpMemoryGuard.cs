using Microsoft.Extensions.Logging;
using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Transport.KernelMemory;

/// <summary>
/// Sees the kernel's memory for TCP run out before it has. Beyond its limit the kernel throws away what arrives, of every connection of the
/// machine, so a few thousand readers that stall would stop everybody. At 75 % the streams that stall get small buffers and windows grow no
/// more, as at 75 % of the memory budget; at 90 % there are no new streams, and those that have stalled longest are reset. Thread-safe.
/// </summary>
public sealed class TcpMemoryGuard : IDisposable
{
    /// <summary>How often the kernel is asked.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>A wait of this length is more than a burst that has to settle.</summary>
    internal static readonly TimeSpan Stall = TimeSpan.FromSeconds(1);

    /// <summary>Who has waited for less is not reset: a reader may have been busy for a moment.</summary>
    internal static readonly TimeSpan LongStall = TimeSpan.FromSeconds(5);

    private const int ShortPercent = 75;
    private const int ExhaustedPercent = 90;

    /// <summary>What a state's use has to fall by before it is over.</summary>
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

    /// <summary>Made by whoever owns the windows.</summary>
    /// <param name="tellShort">Takes whether windows may grow no more.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where changes of state are told.</param>
    internal TcpMemoryGuard(Action<bool> tellShort, TimeProvider time, ILogger logger) =>
        (_tellShort, _time, _logger) = (tellShort, time, logger);

    /// <summary>How much is left.</summary>
    public TcpMemoryState State => _state;

    /// <summary>There may be no new streams.</summary>
    public bool RefusesStreams => _state == TcpMemoryState.Exhausted;

    /// <summary>Streams reset since the start.</summary>
    public long StreamsReset => Interlocked.Read(ref _resets);

    /// <summary>What the kernel said last; null when it did not tell, or was not asked.</summary>
    public TcpMemoryFigures? Figures
    {
        get
        {
            lock (_lock)
                return _figures;
        }
    }

    /// <summary>For the status; null when the figures are not known.</summary>
    public TcpMemoryStatus? Status => TcpMemoryStatus.Of(this);

    /// <summary>Begins to ask: at once, then every <see cref="Period"/>.</summary>
    /// <param name="read">Asks the kernel; null for what it does not tell.</param>
    public void Start(Func<TcpMemoryFigures?> read)
    {
        _read = read;
        Look();
        _timer = _time.CreateGuardedTimer(static self => self.Look(), this, Period, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Asks no more.</summary>
    public void Dispose() => _timer?.Dispose();

    /// <summary>A socket whose stream has begun to wait.</summary>
    internal void Add(ITcpMemoryHolder holder)
    {
        lock (_lock)
            _holders.Add(holder);
    }

    /// <summary>It is closed.</summary>
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

    // The next look is set when this one is done: two at once would both free the same.
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

    // Off the lock: a reset comes back as Remove.
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
            // It waits for nothing that it has: there is nothing to be had from it.
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
