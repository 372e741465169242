namespace Tunnel.Shared.UnitTests.Protocol;

/// <summary>Measures code on the path of every stream and datagram, which must not allocate.</summary>
internal static class Allocation
{
    public static void AssertNone(Action action)
    {
        // The first call sets up what is made only once.
        action();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            action();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
