using System.Buffers.Binary;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Moving;
using Tunnel.Shared.Transport.Moving.Tables;
using Tunnel.Shared.Transport.Streams;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Mux;
using Tunnel.TestUtilities.Processes;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Shared.UnitTests.Transport.Moving;

/// <summary>
/// A stream has both ends over tunnels that break at any moment, even while the stream moves: each end hears what the other says, once and
/// in order, as over a pipe that never breaks.
/// </summary>
public sealed class MovableStreamTests
{
    private const int SeedsInEachRun = 300;

    /// <summary>A longer run of the model is told by TUNNEL_MODEL_SEEDS how many seeds to try.</summary>
    private static int Seeds =>
        int.TryParse(Environment.GetEnvironmentVariable("TUNNEL_MODEL_SEEDS"), out var seeds) ? seeds : SeedsInEachRun;

    [Fact]
    public void What_breaks_on_the_way_is_not_seen_by_either_end()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            try
            {
                var world = new MoveWorld(seed);
                world.Run();
                world.CheckMemory();
            }
            catch (Exception e)
            {
                throw new PropertyException($"seed {seed}: {e.Message}\n{e.StackTrace}");
            }
        }
    }

    [Fact]
    public void What_goes_from_one_living_tunnel_to_another_is_not_seen_by_either_end()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            try
            {
                var world = new MoveWorld(seed, lives: true);
                world.Run();
                world.CheckMemory();
            }
            catch (Exception e)
            {
                throw new PropertyException($"seed {seed}: {e.Message}\n{e.StackTrace}");
            }
        }
    }

    [Fact]
    public void A_move_that_was_overtaken_by_a_newer_one_changes_nothing()
    {
        var world = new MoveWorld(1);
        world.Break();
        var late = new MoveCarrier(9);
        var (table, move) = (world.First.HubStreams, new StreamMove(world.First.Name, 1, 1, new StreamPoint(0, 0)));
        Assert.Null(table.Take(move with { Turn = 2 }, new MoveCarrier(8), world.Present.HubStreams));
        var present = world.Hub.Leg;

        Assert.Equal(ResetReason.Refused, table.Take(move, late, world.Present.HubStreams));

        Assert.Null(late.Observer);
        Assert.Same(present, world.Hub.Leg);
    }

    [Fact]
    public void A_stream_that_the_hub_does_not_let_go_stays_where_it_is_with_its_end()
    {
        var world = new MoveWorld(1, lives: true);
        var next = world.Ask(keeps: true);
        world.Upstream.Say(10);
        world.Upstream.SayEnd();
        world.First.HubEnd!.Pull(100);
        world.First.HubEnd.Pull(100);
        world.First.HubEnd.Deliver(world.First);
        world.First.HubEnd.Deliver(world.First);
        Assert.Equal(10, world.Client.Heard);
        Assert.False(world.Client.HeardEnd);

        next.EdgeEnd!.Refuse(ResetReason.NotOpened);

        Assert.True(world.Client.HeardEnd);
        Assert.Same(world.First.EdgeStreams, world.Edge.Leg!.Table);
    }

    [Fact]
    public void An_end_that_only_the_old_tunnel_has_is_not_the_streams()
    {
        var world = new MoveWorld(1, lives: true);
        var next = world.Ask(keeps: true);
        next.EdgeEnd!.Deliver(next);
        world.First.HubEnd!.Pull(100);
        world.First.HubEnd.Deliver(world.First);
        Assert.False(world.Client.HeardEnd);

        // Whether that end is the stream's is not known while the hub's answer is missing, and is never known without another tunnel.
        next.EdgeStreams.OnEnded(TransportContext.DefaultResumeGrace);
        next.EdgeEnd.Lose();
        Assert.False(world.Client.IsGone);
        Assert.Equal(1, next.EdgeStreams.Waiting);
        world.Time.Advance(TransportContext.DefaultResumeGrace);

        Assert.False(world.Client.HeardEnd);
        Assert.True(world.Client.IsGone);
    }

    [Fact]
    public void Without_memory_a_stream_goes_on_and_can_not_be_moved_until_its_peer_has_what_was_sent()
    {
        var world = new MoveWorld(1);
        var budget = world.Context.Flow.Budget;
        Assert.True(budget.TryTake((int)budget.Limit));
        world.SendUnacknowledged(64 << 10);
        Assert.Equal(64 << 10, world.Edge.BytesSent);
        world.Break();
        Assert.False(world.TryMove());
    }

    [Fact]
    public async Task More_than_is_left_to_keep_waits_for_acknowledgements_and_the_stream_can_always_be_moved()
    {
        const int Bytes = 3_000_000;
        var world = new MoveWorld(1, budget: 4 << 20);
        world.Client.Say(Bytes);
        var before = -1L;
        while (before < world.Client.Said)
        {
            before = world.Client.Said;
            world.First.EdgeEnd!.Pull(64 << 10);
        }

        // A stream that is alone holds half of what is for all, so that another one finds room.
        Assert.InRange(world.Client.Said, 384 << 10, 640 << 10);
        Assert.False(world.First.EdgeEnd!.Readable.IsCompleted);
        while (world.First.EdgeEnd.Deliver(world.First))
        {
        }

        world.Time.Advance(AckPace.Delay);
        world.First.DeliverAck();
        await world.First.EdgeEnd.Readable.WaitAsync(TimeSpan.FromSeconds(30));
        for (var i = 0; i < 100; i++)
            world.First.EdgeEnd.Pull(64 << 10);
        Assert.InRange(world.Client.Said - before, 128 << 10, 640 << 10);

        world.Break();
        Assert.True(world.TryMove());
        world.Run();
        Assert.Equal(world.Client.Said, world.Upstream.Heard);
        world.CheckMemory();
    }

    [Fact]
    public void A_stream_that_has_moved_does_not_wait_when_the_hub_hears_later_that_its_old_tunnel_is_lost()
    {
        var world = new MoveWorld(1);
        world.SendUnacknowledged(1_000);
        var first = world.First;
        first.EdgeStreams.OnEnded(TransportContext.DefaultResumeGrace);
        first.EdgeEnd!.Lose();
        Assert.Equal((1, 1), (first.EdgeStreams.Waiting, first.EdgeStreams.OpenWaiting));

        Assert.True(world.TryMove());
        first.HubStreams.OnEnded(TransportContext.DefaultResumeGrace);
        first.HubEnd!.Lose();

        Assert.Equal((0, 0), (first.HubStreams.Waiting, first.HubStreams.OpenWaiting));
        Assert.Equal((1, 1), (first.EdgeStreams.Waiting, first.EdgeStreams.OpenWaiting));
        world.Present.HubEnd!.Pull(64 << 10);
        while (world.Present.HubEnd.Deliver(world.Present))
        {
        }

        Assert.Equal((0, 0), (first.EdgeStreams.Waiting, first.EdgeStreams.OpenWaiting));
    }

    [Fact]
    public void Streams_that_no_tunnel_takes_in_time_do_not_count_as_open_any_more()
    {
        var world = new MoveWorld(1);
        var hub = world.First.HubStreams;
        world.SendUnacknowledged(1_000);
        Assert.Equal(0, hub.OpenWaiting);
        hub.OnEnded(TransportContext.DefaultResumeGrace);
        world.First.HubEnd!.Lose();
        Assert.Equal(1, hub.OpenWaiting);

        hub.End();
        Assert.Equal(0, hub.OpenWaiting);
    }

    [Fact]
    public void Where_others_of_its_peer_hold_all_that_is_kept_a_stream_goes_on_with_each_acknowledgement()
    {
        const int Bytes = 3_000_000;
        var world = new MoveWorld(1, budget: 4 << 20);
        world.Client.Say(Bytes);
        for (var i = 0; i < 20; i++)
            world.First.EdgeEnd!.Pull(64 << 10);
        var said = world.Client.Said;
        Assert.InRange(said, 1, Bytes - 1);
        var others = world.Context.Flow.Kept.Open(MoveWorld.HubName);
        others.Take(4 << 20);

        // It keeps what it has sent before, and waits.
        Assert.True(others.TryTakeReserve((int)world.Context.Flow.Kept.Reserve));
        world.First.EdgeEnd!.Pull(64 << 10);
        Assert.Equal(said, world.Client.Said);
        world.Break();
        Assert.True(world.TryMove());
        Assert.Equal(said, world.Client.Said);

        for (var i = 0; i < 1_000 && world.Upstream.Heard < Bytes; i++)
        {
            world.Present.EdgeEnd!.Pull(64 << 10);
            world.Present.HubEnd!.Pull(64 << 10);
            world.Present.HubEnd.Deliver(world.Present);
            world.Present.EdgeEnd.Deliver(world.Present);
            world.Time.Advance(AckPace.Delay);
            world.Present.DeliverAck();
        }

        Assert.Equal(Bytes, world.Upstream.Heard);
    }

    [Fact]
    public void While_slow_readers_hold_the_memory_a_stream_waits_and_can_still_be_moved()
    {
        const int Budget = 4 << 20;
        var world = new MoveWorld(1, Budget);
        const int Received = Budget / 8 * 7;
        Assert.True(world.Context.Flow.Budget.TryTake(Received));
        world.Client.Say(1_000_000);
        for (var i = 0; i < 100; i++)
            world.First.EdgeEnd!.Pull(64 << 10);
        Assert.InRange(world.Client.Said, 64 << 10, 192 << 10);

        world.Break();
        Assert.True(world.TryMove());
        world.Run();
        Assert.Equal(world.Client.Said, world.Upstream.Heard);
        world.Context.Flow.Budget.Return(Received);
        world.CheckMemory();
    }

    [Fact]
    public async Task A_sender_that_waits_while_it_goes_to_another_tunnel_hears_there_that_all_has_come()
    {
        var world = new MoveWorld(2, budget: 4 << 20, lives: true);
        world.Client.Say(3_000_000);
        for (var i = 0; i < 100; i++)
            world.First.EdgeEnd!.Pull(64 << 10);
        while (world.First.EdgeEnd!.Deliver(world.First))
        {
        }

        var next = world.Ask(keeps: true);
        world.Time.Advance(AckPace.Delay);
        for (var i = 0; i < 20; i++)
        {
            foreach (var tunnel in (MoveTunnel[])[world.First, next])
            {
                tunnel.EdgeEnd!.Pull(64 << 10);
                tunnel.HubEnd?.Pull(64 << 10);
                tunnel.EdgeEnd.Deliver(tunnel);
                tunnel.HubEnd?.Deliver(tunnel);
            }
        }

        // What was said on the old leg comes too late there.
        world.First.DeliverAck();
        world.Time.Advance(AckPace.Delay);
        Assert.Same(next.EdgeStreams, world.Edge.Leg!.Table);
        var said = world.Client.Said;
        for (var i = 0; i < 20; i++)
            next.DeliverAck();
        await next.EdgeEnd!.Readable.WaitAsync(TimeSpan.FromSeconds(30));
        next.EdgeEnd.Pull(64 << 10);
        Assert.True(world.Client.Said > said, $"{world.Client.Said} of 3000000");
    }

    [Fact]
    public void After_the_grace_both_local_ends_are_reset()
    {
        var world = new MoveWorld(1);
        world.SendUnacknowledged(1_000);
        world.Break();
        Assert.False(world.Client.IsGone || world.Upstream.IsGone);
        world.Time.Advance(TransportContext.DefaultResumeGrace);
        Assert.True(world.Client.IsGone && world.Upstream.IsGone);
        Assert.Equal(0, world.Context.Flow.Budget.Used);
    }

    [Fact]
    public void A_stream_that_the_hub_has_ended_while_it_waited_is_not_moved_and_its_client_is_reset()
    {
        var world = new MoveWorld(1);
        world.Break();

        // A port's idle time-out goes on counting meanwhile.
        world.Hub.Reset(ResetReason.IdleTimeout);
        Assert.True(world.Upstream.IsGone);
        Assert.False(world.Client.IsGone);

        Assert.False(world.TryMove());
        Assert.True(world.Client.IsGone);
        world.CheckMemory();
    }

    [Fact]
    public void An_acknowledgement_of_what_was_never_sent_is_an_error()
    {
        var world = new MoveWorld(1);
        world.SendUnacknowledged(1_000);
        Assert.Null(world.Present.EdgeStreams.OnAcknowledged(Ack(1, 1_000)));
        Assert.NotNull(world.Present.EdgeStreams.OnAcknowledged(Ack(1, 1_001)));
        Assert.NotNull(world.Present.EdgeStreams.OnAcknowledged(Ack(1, -1)));
        Assert.NotNull(world.Present.EdgeStreams.OnAcknowledged([1, 2, 3]));
        Assert.NotNull(world.Present.EdgeStreams.OnAcknowledged([]));

        // A stream that ended a moment ago can't be moved.
        Assert.Null(world.Present.EdgeStreams.OnAcknowledged(Ack(77, 1)));
    }

    [Theory]
    [InlineData(1_001, 0)]
    [InlineData(0, 1)]
    [InlineData(long.MaxValue, 0)]
    public void An_edge_that_lies_about_a_stream_moves_nothing(long received, long from)
    {
        var world = new MoveWorld(1);
        world.Upstream.Say(1_000);
        world.Break();
        var carrier = new MoveCarrier(9);
        Assert.Equal(
            ResetReason.Refused,
            world.First.HubStreams.Take(new StreamMove(world.First.Name, 1, 1, new StreamPoint(received, from)), carrier, table: null));
        Assert.Null(carrier.Observer);
        Assert.True(world.TryMove());
    }

    [Fact]
    public void An_edge_that_moves_a_stream_again_and_again_costs_the_hub_nothing()
    {
        var world = new MoveWorld(1);
        var other = new MovableStreams(world.Context, new TrafficMeter(world.Context), static _ => { });
        for (uint id = 100; id < 200; id++)
        {
            other.TryOpen(id);
            Assert.Null(
                world.First.HubStreams.Take(new StreamMove(world.First.Name, 1, id, new StreamPoint(0, 0)), new MoveCarrier(id), other));
        }

        Assert.Same(world.Hub, other.Find(199));
        Assert.Null(other.Find(198));
        Assert.Null(world.Hub.Legs.Last.Previous!.Previous);

        // The edge goes on from the point for which it has an answer, and names nothing before that.
        Assert.Null(other.Take(new StreamMove("", 199, 200, new StreamPoint(0, 0)), new MoveCarrier(200), other));
        Assert.Null(world.First.HubStreams.Find(1));
        Assert.Equal(
            ResetReason.Refused,
            world.First.HubStreams.Take(new StreamMove(world.First.Name, 1, 201, new StreamPoint(0, 0)), new MoveCarrier(201), other));
    }

    [Fact]
    public void That_the_edge_has_reset_a_stream_may_be_heard_before_its_opening()
    {
        var world = new MoveWorld(1);
        var table = new MovableStreams(world.Context, new TrafficMeter(world.Context), static _ => { }) { IsHub = true };
        var over = new byte[AckQueue.EntrySize];
        BinaryPrimitives.WriteUInt32BigEndian(over, 7);
        BinaryPrimitives.WriteInt64BigEndian(over.AsSpan(sizeof(uint)), AckQueue.Everything);
        Assert.Null(table.OnAcknowledged(over));

        foreach (var id in (uint[])[7, 8])
        {
            Assert.True(table.TryOpen(id));
            var carrier = new MoveCarrier(id);
            var stream = new MovableStream(world.Context, carrier, table);
            stream.Attach(new ScriptedEndpoint(1, 2));
            carrier.Observer!.OnStreamClosed(carrier, default);
        }

        Assert.Null(table.Find(7));
        Assert.NotNull(table.Find(8));
    }

    [Fact]
    public void Of_streams_whose_end_the_peer_does_not_acknowledge_only_so_many_are_kept()
    {
        var world = new MoveWorld(1);
        var table = new MovableStreams(world.Context, new TrafficMeter(world.Context), static _ => { });
        const uint Count = MovableStreams.MostEnded + 1;
        for (uint id = 1; id <= Count; id++)
        {
            var carrier = new MoveCarrier(id);
            var stream = new MovableStream(world.Context, carrier, table);
            stream.Attach(new ScriptedEndpoint(1, 2));
            carrier.Observer!.OnStreamClosed(carrier, default);
        }

        Assert.Null(table.Find(1));
        Assert.NotNull(table.Find(2));
    }

    [Fact]
    public void What_a_stream_keeps_that_ended_in_order_is_freed_when_the_peer_has_reset_it()
    {
        var world = new MoveWorld(1);
        world.SendUnacknowledged(1_000);
        world.Edge.Leg!.Endpoint.OnStreamClosed(world.Present.EdgeEnd!, default);
        Assert.NotEqual(0, world.Context.Flow.Budget.Used);

        world.Hub.Leg!.Endpoint.OnStreamClosed(world.Present.HubEnd!, new StreamEnd(StreamEndSide.Local, ResetReason.ResetByPeer));
        world.Time.Advance(TimeSpan.FromMilliseconds(20));

        // There is an acknowledgement for each direction.
        world.Present.DeliverAck();
        world.Present.DeliverAck();

        Assert.Null(world.Present.EdgeStreams.Find(1));
        Assert.Equal(0, world.Context.Flow.Budget.Used);
    }

    [Fact]
    public void What_is_sent_after_the_peer_has_reset_the_stream_is_not_kept()
    {
        var world = new MoveWorld(1);
        world.Hub.Leg!.Endpoint.OnStreamClosed(world.Present.HubEnd!, new StreamEnd(StreamEndSide.Local, ResetReason.ResetByPeer));
        world.Time.Advance(TimeSpan.FromMilliseconds(20));
        world.Present.DeliverAck();

        // The reset is still under way, and the acknowledgement has overtaken it.
        world.SendUnacknowledged(1_000);
        world.Edge.Leg!.Endpoint.OnStreamClosed(world.Present.EdgeEnd!, default);

        Assert.Null(world.Present.EdgeStreams.Find(1));
        Assert.Equal(0, world.Context.Flow.Budget.Used);
    }

    [Fact]
    public void What_a_peer_could_not_give_to_its_local_end_is_not_kept_when_the_stream_has_ended_there()
    {
        var world = new MoveWorld(1);
        world.SendUnacknowledged(1_000);
        world.Hub.Leg!.Endpoint.OnStreamClosed(world.Present.HubEnd!, default);
        world.Time.Advance(TimeSpan.FromMilliseconds(20));
        world.Present.DeliverAck();
        world.Edge.Leg!.Endpoint.OnStreamClosed(world.Present.EdgeEnd!, default);

        Assert.Null(world.Present.EdgeStreams.Find(1));
        Assert.Equal(0, world.Context.Flow.Budget.Used);
    }

    [Fact]
    public void A_stream_that_ends_in_order_just_after_its_tunnel_keeps_nothing()
    {
        var world = new MoveWorld(1);
        world.SendUnacknowledged(1_000);
        Assert.NotEqual(0, world.Context.Flow.Budget.Used);

        world.Present.EdgeStreams.OnEnded(TimeSpan.Zero);
        world.Edge.Leg!.Endpoint.OnStreamClosed(world.Present.EdgeEnd!, default);

        Assert.Equal(0, world.Context.Flow.Budget.Used);
    }

    [Fact]
    public void A_reset_behind_the_end_that_comes_while_the_stream_waits_is_told_after_the_move()
    {
        var world = new MoveWorld(1);
        world.Client.SayEnd();
        world.Present.EdgeEnd!.Pull(1);
        world.Present.EdgeEnd.Deliver(world.Present);
        world.Break();
        world.Client.ResetByPeer();

        Assert.True(world.TryMove());
        world.Present.HubEnd!.Pull(100);
        world.Present.HubEnd.Deliver(world.Present);

        Assert.Equal(LocalReadStatus.Reset, world.Edge.Leg!.Endpoint.TryRead(new byte[1], out _));
    }

    [Fact]
    public void A_client_whose_tunnel_ends_for_good_while_its_stream_is_opened_is_reset()
    {
        var world = new MoveWorld(1);
        var client = new ScriptedEndpoint(1, 2);
        var leg = new MovableStream(world.Context, world.Present.EdgeStreams, MoveWorld.Opening, client, null).Leg!;
        world.Break();
        var carrier = new MoveCarrier(9);
        leg.Endpoint.OnStreamClosed(carrier, new StreamEnd(StreamEndSide.Tunnel, ResetReason.Unspecified));
        Assert.False(client.IsGone);
        world.Present.EdgeStreams.End();

        leg.Endpoint.Start(carrier);

        Assert.True(client.IsGone);
    }

    [Fact]
    public void An_end_before_the_hubs_answer_is_not_taken_for_the_streams()
    {
        var world = new MoveWorld(1);
        world.Break();
        Assert.True(world.TryMove());

        world.Edge.Leg!.Endpoint.ShutdownWrite();

        Assert.False(world.Client.HeardEnd);
    }

    [Fact]
    public async Task A_stream_whose_opening_has_not_arrived_is_opened_anew_with_all_that_was_sent()
    {
        var world = new MoveWorld(1);
        var lost = world.Present;
        var client = new ScriptedEndpoint(1, 2);
        var stream = new MovableStream(world.Context, lost.EdgeStreams, MoveWorld.Opening, client, null);
        var leg = stream.Leg!;
        leg.Endpoint.Start(new MoveCarrier(50));
        client.Say(100);
        Assert.Equal(LocalReadStatus.Data, leg.Endpoint.TryRead(new byte[1_000], out _));
        lost.Break();
        leg.Endpoint.OnStreamClosed(leg.Carrier!, new StreamEnd(StreamEndSide.Tunnel, ResetReason.Unspecified));

        var next = new MoveTunnel(world);
        Assert.True(stream.TryMove(lost.EdgeStreams, next));
        var asking = next.EdgeEnd!;
        asking.Deliver(next);
        await Eventually.IsTrueAsync(() => next.EdgeEnd != asking && stream.Leg is { IsOpen: true }, "the stream is opened anew");

        Assert.Equal(LocalReadStatus.Data, stream.Leg!.Endpoint.TryRead(new byte[1_000], out var count));
        Assert.Equal(100, count);
        Assert.False(client.IsGone);
        Assert.Null(lost.EdgeStreams.Find(50));
    }

    [Fact]
    public void What_is_opened_on_a_tunnel_that_the_edge_has_left_is_not_served()
    {
        var world = new MoveWorld(1);
        var table = world.First.HubStreams;
        Assert.True(table.TryOpen(7));
        Assert.Equal(
            ResetReason.NotOpened,
            table.Take(new StreamMove(world.First.Name, 8, 1, new StreamPoint(0, 0)), new MoveCarrier(9), table: null));
        Assert.False(table.TryOpen(8));
    }

    private static byte[] Ack(uint id, long offset)
    {
        var payload = new byte[AckQueue.EntrySize];
        BinaryPrimitives.WriteUInt32BigEndian(payload, id);
        BinaryPrimitives.WriteInt64BigEndian(payload.AsSpan(4), offset);
        return payload;
    }
}
