namespace Tunnel.FuzzTests.Engine;

/// <summary>
/// Gives inputs to a target, and sees to it that each ends without an exception and allocates within its cap. Of one thread.
/// </summary>
internal sealed class InputRunner(FuzzTarget target)
{
    private readonly FuzzAction _action = target.Start();

    /// <summary>Whether the last input was taken for valid.</summary>
    public bool WasTaken { get; private set; }

    public Finding? Run(ReadOnlySpan<byte> input)
    {
        WasTaken = false;
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            WasTaken = _action(input);
        }
        catch (Exception e)
        {
            return Finding.Of(e, input);
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return allocated > target.AllocationCap(input.Length) ? RunAgain(input) : null;
    }

    // A pool may have had to grow, or to begin anew after a collection: what an input costs it costs each time.
    private Finding? RunAgain(ReadOnlySpan<byte> input)
    {
        var least = long.MaxValue;
        for (var i = 0; i < 3; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            _action(input);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        var cap = target.AllocationCap(input.Length);
        return least > cap ? Finding.OfAllocation(least, cap, input) : null;
    }
}
