using Tunnel.Shared.Transport;

namespace Tunnel.Shared.UnitTests.Transport;

public class FlowControllerTests
{
    private const int Kilobyte = 1_000;

    [Fact]
    public void The_target_follows_the_active_streams()
    {
        var flow = new FlowController(new FlowControlOptions());
        Assert.Equal(4_194_304, flow.Target);
        for (var i = 0; i < 100; i++)
            flow.StreamBecameActive();
        Assert.Equal((100, 2_097_152), (flow.ActiveStreams, flow.Target));
        for (var i = 0; i < 100; i++)
            flow.StreamBecameIdle();
        Assert.Equal((0, 4_194_304), (flow.ActiveStreams, flow.Target));
    }

    [Fact]
    public void The_ceiling_is_64_KiB_while_memory_is_short()
    {
        var flow = Controller(1_000);
        Assert.Equal(int.MaxValue, flow.Ceiling);
        Assert.True(flow.Budget.TryTake(751 * Kilobyte));
        Assert.Equal(65_536, flow.Ceiling);
        flow.Budget.Return(Kilobyte);
        Assert.Equal(int.MaxValue, flow.Ceiling);
    }

    [Fact]
    public void Windows_grow_together_to_what_they_share_and_no_further()
    {
        var flow = new FlowController(new FlowControlOptions { SharedWindow = 100 });
        Assert.True(flow.TryGrow(60));
        Assert.False(flow.TryGrow(41));
        Assert.True(flow.TryGrow(40));
        Assert.False(flow.TryGrow(1));
        flow.Shrink(1);
        Assert.True(flow.TryGrow(1));
        Assert.False(flow.TryGrow(0));
    }

    [Fact]
    public void No_window_grows_while_memory_is_short()
    {
        var flow = Controller(1_000);
        Assert.True(flow.Budget.TryTake(800 * Kilobyte));
        Assert.False(flow.TryGrow(1));
        flow.Budget.Return(800 * Kilobyte);
        Assert.True(flow.TryGrow(1));
    }

    [Fact]
    public void Relief_resets_the_largest_first_until_a_tenth_is_free()
    {
        var flow = Controller(1_000);
        List<int> reset = [];
        foreach (var kilobytes in (int[])[100, 400, 50, 50, 300, 100])
            flow.AddBuffering(new Holder(flow, kilobytes, reset));
        Assert.Equal(1_000 * Kilobyte, flow.Budget.Used);
        flow.Relieve();
        Assert.Equal([400], reset);
        Assert.Equal(1, flow.MemoryResets);
        flow.Relieve();
        Assert.Equal([400], reset);

        var others = new Holder(flow, 400, reset);
        flow.Relieve();
        Assert.Equal([400, 300], reset);
        Assert.Equal(2, flow.MemoryResets);
        Assert.True(others.BufferedBytes > 0);
    }

    [Fact]
    public void As_many_are_reset_as_it_takes()
    {
        var flow = Controller(1_000);
        List<int> reset = [];
        for (var i = 0; i < 100; i++)
            flow.AddBuffering(new Holder(flow, 10, reset));
        flow.Relieve();
        Assert.Equal(10, reset.Count);
    }

    [Fact]
    public void One_that_holds_nothing_any_more_is_left_alone()
    {
        var flow = Controller(1_000);
        List<int> reset = [];
        var gone = new Holder(flow, 600, reset);
        flow.AddBuffering(gone);
        flow.AddBuffering(new Holder(flow, 400, reset));
        flow.RemoveBuffering(gone);
        flow.Relieve();
        Assert.Equal([400], reset);
    }

    [Fact]
    public void Threads_grow_and_shrink_within_the_bound()
    {
        const int Shared = 1_000;
        var flow = new FlowController(new FlowControlOptions { SharedWindow = Shared });
        long grown = 0;
        Parallel.For(0, 8, _ =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                if (!flow.TryGrow(300))
                    continue;
                Assert.InRange(Interlocked.Add(ref grown, 300), 1, Shared);
                Interlocked.Add(ref grown, -300);
                flow.Shrink(300);
            }
        });
        Assert.True(flow.TryGrow(Shared));
    }

    private static FlowController Controller(int kilobytes) => new(new FlowControlOptions { MemoryBudget = kilobytes * Kilobyte });

    private sealed class Holder : IBufferingStream
    {
        private readonly FlowController _flow;
        private readonly int _kilobytes;
        private readonly List<int> _reset;

        public Holder(FlowController flow, int kilobytes, List<int> reset)
        {
            _flow = flow;
            _kilobytes = kilobytes;
            _reset = reset;
            BufferedBytes = kilobytes * Kilobyte;
            Assert.True(flow.Budget.TryTake(kilobytes * Kilobyte));
        }

        public long BufferedBytes { get; private set; }

        public void ResetForMemory()
        {
            _reset.Add(_kilobytes);
            _flow.RemoveBuffering(this);
            _flow.Budget.Return((int)BufferedBytes);
            BufferedBytes = 0;
        }
    }
}
