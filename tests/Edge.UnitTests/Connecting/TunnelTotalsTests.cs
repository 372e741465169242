using Tunnel.Edge.Connecting;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Edge.UnitTests.Connecting;

/// <summary>What all tunnels of a process have carried.</summary>
public sealed class TunnelTotalsTests
{
    private readonly TunnelTotals _totals = new();

    [Fact]
    public async Task A_tunnel_that_has_ended_still_counts_the_ends_of_those_of_its_streams_that_wait_for_another()
    {
        var settled = new TaskCompletionSource();
        var lost = new FakeTunnel { StreamsSettled = settled.Task, Counters = new TunnelCounters { StreamsOpened = 3, BytesSent = 7 } };
        var next = new FakeTunnel { Counters = new TunnelCounters { StreamsOpened = 1 } };
        _totals.Add(lost);
        _totals.Add(next);
        lost.Lose();
        await Eventually.IsTrueAsync(() => _totals.Open == 1, "the end of the tunnel");
        Assert.Equal(new TunnelCounters { StreamsOpened = 4, BytesSent = 7 }, _totals.GetCounters());

        // Two of the three found no other tunnel in time.
        lost.Counters = lost.Counters with { StreamsReset = 2 };
        Assert.Equal(2, _totals.GetCounters().StreamsReset);
        settled.SetResult();
        Assert.Equal(new TunnelCounters { StreamsOpened = 4, StreamsReset = 2, BytesSent = 7 }, _totals.GetCounters());

        // From here on it is not asked any more, and may be forgotten.
        lost.Counters = default;
        Assert.Equal(2, _totals.GetCounters().StreamsReset);
    }
}
