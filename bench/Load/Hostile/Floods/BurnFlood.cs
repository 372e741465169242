using System.Diagnostics;

namespace Tunnel.Bench.Load.Hostile.Floods;

/// <summary>Nothing but processor time, 100 µs each: what a machine that is as busy does to an echo without a flood.</summary>
internal sealed class BurnFlood : IFlood
{
    public const double Seconds = 0.0001;

    public int Send(int count)
    {
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < count * Seconds)
        {
        }

        return count;
    }

    public void Dispose()
    {
    }
}
