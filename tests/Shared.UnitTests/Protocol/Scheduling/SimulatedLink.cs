using Tunnel.Shared.Protocol.Scheduling;

namespace Tunnel.Shared.UnitTests.Protocol.Scheduling;

/// <summary>A flow of the simulation: the bytes that wait, and the bytes that went.</summary>
internal sealed class Flow : SchedulerNode
{
    public const long Endless = long.MaxValue / 2;

    public long Pending { get; set; }

    public long Sent { get; set; }
}

/// <summary>
/// Does what the frame writer does, over a link of known rate with virtual time: asks, sends a frame, charges, removes what is empty.
/// </summary>
internal sealed class SimulatedLink(TierScheduler scheduler, long bytesPerSecond)
{
    private double _milliseconds = 1_000_000;

    public long Now => (long)_milliseconds;

    public long Sent { get; private set; }

    public void Demand(Flow flow, long bytes)
    {
        flow.Pending += bytes;
        scheduler.EnqueueData(flow);
    }

    /// <summary>Sends one data frame.</summary>
    /// <param name="room">How many bytes the frame may have.</param>
    /// <returns>The flow that it belongs to; null when nothing waits.</returns>
    public Flow? SendFrame(int room)
    {
        var turn = scheduler.Next(Now);
        if (turn.Node is not Flow flow)
            return null;
        Assert.False(turn.IsControl);
        Assert.True(flow.IsReady);
        var bytes = (int)Math.Min(flow.Pending, Math.Min(turn.Bytes, room));
        Assert.True(bytes > 0);
        flow.Pending -= bytes;
        flow.Sent += bytes;
        Sent += bytes;
        _milliseconds += bytes * 1000.0 / bytesPerSecond;
        scheduler.ChargeData(flow, bytes);
        if (flow.Pending == 0)
            scheduler.RemoveData(flow);
        return flow;
    }

    public void Wait(double milliseconds) => _milliseconds += milliseconds;
}
