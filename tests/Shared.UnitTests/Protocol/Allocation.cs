namespace Tunnel.Shared.UnitTests.Protocol;

/// <summary>For code on the path of every stream and datagram, which must not allocate.</summary>
internal static class Allocation
{
    public static void AssertNone(Action action)
    {
        action(); // The first call sets up what is made only once.
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            action();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
