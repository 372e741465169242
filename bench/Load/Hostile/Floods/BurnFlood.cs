using System.Diagnostics;

namespace Tunnel.Bench.Load.Hostile.Floods;

/// <summary>
/// Spends nothing but processor time, 100 µs each: it shows what a machine that is as busy does to an echo without a flood.
/// </summary>
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
