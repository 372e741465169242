using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// Gives memory back after a burst. Left alone, the runtime keeps what a flood of connections took: it collects when it has allocated as
/// much again, which in a quiet process is hours later, and the C library keeps what was freed.
/// </summary>
/// <remarks>
/// A full collection stops all threads for some ten milliseconds, so it waits for calm and for something to gain, and what it could not
/// give back is from then on what the process needs. A flood that lasts makes it need more while it lasts: so it is looked again whether
/// that is still so, after a minute, and after longer each time that it was.
/// </remarks>
internal sealed class MemoryReclaim : IDisposable
{
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>Allocated in an interval, at most, by a process that is calm.</summary>
    internal const long Calm = 16 << 20;

    /// <summary>Less growth than that is nothing to stop for.</summary>
    internal const long LeastGain = 8 << 20;

    /// <summary>Intervals from a collection that gave nothing back to the next try, at first and at most (half an hour).</summary>
    private const int FirstPause = 5;
    private const int LongestPause = 180;

    private readonly IProcessMemory _memory;
    private readonly ITimer _timer;
    private long _allocated;
    private long _needed;
    private long _least;
    private int _pause = FirstPause;
    private int _sinceTry;
    private int _looking;

    public MemoryReclaim(IProcessMemory memory, TimeProvider time)
    {
        _memory = memory;
        _allocated = memory.AllocatedBytes;
        _needed = _least = memory.ResidentBytes;
        _timer = time.CreateGuardedTimer(static self => self.Look(), this, Interval, Interval);
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        // A collection in a machine that is short of time may take longer than the interval.
        if (Interlocked.Exchange(ref _looking, 1) != 0)
            return;
        var before = _allocated;
        _allocated = _memory.AllocatedBytes;
        var resident = _memory.ResidentBytes;
        _needed = Math.Min(_needed, resident);
        _least = Math.Min(_least, resident);
        _sinceTry++;
        var hasGrown = IsWorth(resident, _needed);
        if (_allocated - before <= Calm && (hasGrown || (_sinceTry >= _pause && IsWorth(resident, _least))))
        {
            _memory.Reclaim();
            _needed = _memory.ResidentBytes;
            _pause = hasGrown || IsWorth(resident, _needed) ? FirstPause : Math.Min(_pause * 2, LongestPause);
            _sinceTry = 0;
        }

        Volatile.Write(ref _looking, 0);
    }

    private static bool IsWorth(long resident, long needed) => resident - needed >= Math.Max(LeastGain, needed / 10);
}
