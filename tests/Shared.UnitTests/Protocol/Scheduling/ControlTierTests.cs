using Tunnel.Shared.Protocol.Scheduling;

namespace Tunnel.Shared.UnitTests.Protocol.Scheduling;

public class ControlTierTests
{
    private readonly TierScheduler _scheduler = new();

    [Fact]
    public void Nothing_waits_at_first()
    {
        Assert.False(_scheduler.HasWork);
        Assert.Equal(SchedulerTurn.None, _scheduler.Next(0));
        Assert.False(SchedulerTurn.None.IsControl);
        Assert.Null(SchedulerTurn.None.Node);
    }

    [Fact]
    public void Control_goes_before_data()
    {
        Flow data = new(), control = new();
        _scheduler.EnqueueData(data);
        _scheduler.EnqueueControl(control);
        Assert.True(_scheduler.HasWork);
        Assert.Equal(new SchedulerTurn(control, 0), _scheduler.Next(0));
        Assert.True(_scheduler.Next(0).IsControl);
        _scheduler.ChargeControl(control, 13);
        Assert.Same(data, _scheduler.Next(0).Node);
        Assert.False(_scheduler.Next(0).IsControl);
    }

    [Fact]
    public void A_node_waits_once_however_often_it_is_queued()
    {
        var node = new Flow();
        _scheduler.EnqueueControl(node);
        _scheduler.EnqueueControl(node);
        _scheduler.EnqueueControl(node, urgent: true);
        _scheduler.ChargeControl(node, 13);
        Assert.False(_scheduler.HasWork);
    }

    [Fact]
    public void The_order_is_that_of_arrival_but_for_urgent_ones()
    {
        Flow first = new(), second = new(), urgent = new(), last = new();
        _scheduler.EnqueueControl(first);
        _scheduler.EnqueueControl(second);
        _scheduler.EnqueueControl(urgent, urgent: true);
        _scheduler.EnqueueControl(last);
        Assert.Equal([urgent, first, second, last], TakeControl());

        // The queue runs empty while an urgent frame is at both ends: its tail is not to be kept.
        _scheduler.EnqueueControl(urgent, urgent: true);
        _scheduler.EnqueueControl(last);
        Assert.Equal([urgent, last], TakeControl());
    }

    [Fact]
    public void A_node_is_queued_again_after_its_turn()
    {
        Flow first = new(), second = new();
        _scheduler.EnqueueControl(first);
        _scheduler.EnqueueControl(second);
        _scheduler.ChargeControl(first, 13);
        _scheduler.EnqueueControl(first);
        Assert.Equal([second, first], TakeControl());
    }

    [Fact]
    public void After_8_KiB_of_control_in_a_row_one_data_frame_goes()
    {
        Flow control = new(), data = new();
        _scheduler.EnqueueData(data);
        for (var round = 0; round < 3; round++)
        {
            for (var sent = 0; sent < 8_192; sent += 128)
            {
                _scheduler.EnqueueControl(control);
                Assert.True(_scheduler.Next(0).IsControl);
                _scheduler.ChargeControl(control, 128);
            }

            _scheduler.EnqueueControl(control);
            Assert.Equal((data, false), (_scheduler.Next(0).Node, _scheduler.Next(0).IsControl));
            _scheduler.ChargeData(data, 1);
        }
    }

    [Fact]
    public void Control_without_end_goes_on_while_no_data_waits_and_is_still_bounded_then()
    {
        Flow control = new(), data = new();
        for (var i = 0; i < 3; i++)
        {
            // The numbers are far beyond what an int counts: an edge that only downloads sends nothing but control.
            _scheduler.EnqueueControl(control);
            Assert.True(_scheduler.Next(0).IsControl);
            _scheduler.ChargeControl(control, int.MaxValue / 2);
        }

        _scheduler.EnqueueControl(control);
        _scheduler.EnqueueData(data);
        Assert.Same(data, _scheduler.Next(0).Node);
    }

    [Fact]
    public void A_node_may_have_control_and_data_at_once()
    {
        var node = new Flow();
        _scheduler.EnqueueData(node);
        _scheduler.EnqueueControl(node);
        Assert.True(_scheduler.Next(0).IsControl);
        _scheduler.RemoveData(node);
        Assert.True(_scheduler.HasWork);
        _scheduler.ChargeControl(node, 13);
        Assert.False(_scheduler.HasWork);
    }

    private List<SchedulerNode> TakeControl()
    {
        List<SchedulerNode> order = [];
        while (_scheduler.Next(0) is { IsControl: true, Node: { } node })
        {
            order.Add(node);
            _scheduler.ChargeControl(node, 13);
        }

        return order;
    }
}
