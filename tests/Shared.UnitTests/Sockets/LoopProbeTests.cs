using Tunnel.Shared.Sockets;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Sockets;

public sealed class LoopProbeTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    // These loops are the test's own, because other tests need those of the process.
    private readonly EventLoop[] _loops = [EventLoop.Start("turning"), EventLoop.Start("stuck")];
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task Loops_that_turn_are_no_fault() => Assert.Null(await FindAsync(Probes()));

    [Fact]
    public async Task The_one_that_hangs_is_named_until_it_goes_on()
    {
        var probes = Probes();
        // The gate is not disposed of: the loop may come to it late, and a loop's exception ends the process.
        var gate = new ManualResetEventSlim();
        _loops[1].Post(gate.Wait);

        var finding = EventLoops.FindStuckAsync(probes, _time);
        await probes[0].AskAsync().WaitAsync(Hang, TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Contains("event loop number-1 ", await finding.WaitAsync(Hang, TestContext.Current.CancellationToken));

        // A loop is asked only once, however often somebody looks.
        Assert.Same(probes[1].AskAsync(), probes[1].AskAsync());
        gate.Set();
        Assert.Null(await FindAsync(probes));
    }

    private LoopProbe[] Probes() => [.. _loops.Select((loop, index) => new LoopProbe(loop, $"number-{index}"))];

    private Task<string?> FindAsync(LoopProbe[] probes) =>
        EventLoops.FindStuckAsync(probes, _time).WaitAsync(Hang, TestContext.Current.CancellationToken);
}
