using Tunnel.Shared.Guarding;

namespace Tunnel.Shared.Hosting;

/// <summary>
/// Gives memory back after the start, and after a burst. Left alone, the runtime keeps what a flood of connections took: it does not
/// collect until it has allocated as much again, which in a quiet process is hours later, and the C library keeps what was freed.
/// </summary>
/// <remarks>
/// A full collection stops all threads for some ten milliseconds, so it waits until the process is calm and there is something to gain.
/// What it could not give back counts from then on as what the process needs. Since a lasting flood raises that need only while it lasts,
/// the collection is tried again after a minute, and after a longer pause each time that it gained nothing.
/// </remarks>
internal sealed class MemoryReclaim : IDisposable
{
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>The time after the start when nothing of the start is under way any more.</summary>
    internal static readonly TimeSpan AfterStart = TimeSpan.FromSeconds(3);

    /// <summary>The most bytes that a calm process allocates in an interval.</summary>
    internal const long Calm = 16 << 20;

    /// <summary>The smallest growth in bytes that is worth a collection.</summary>
    internal const long LeastGain = 8 << 20;

    /// <summary>The intervals to wait after a collection that gave nothing back, at first and at most (half an hour).</summary>
    private const int FirstPause = 5;
    private const int LongestPause = 180;

    private readonly IProcessMemory _memory;
    private readonly ITimer _timer;
    private long _allocated;

    // Nothing is known to be needed: the first collection is for what the start took.
    private long _needed;
    private long _least = long.MaxValue;
    private int _pause = FirstPause;
    private int _sinceTry;
    private int _looking;

    public MemoryReclaim(IProcessMemory memory, TimeProvider time)
    {
        _memory = memory;
        _allocated = memory.AllocatedBytes;
        _timer = time.CreateGuardedTimer(static self => self.Look(), this, AfterStart, Interval);
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        // On a machine short of CPU time, a collection may take longer than the interval.
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
