using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Streams;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Transport.Streams;

/// <summary>RST and RESET are passed on behind certain bytes: this is the one answer for all transports.</summary>
public sealed class StreamLifeTests : IStreamObserver
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(StreamLife.BlockedMilliseconds);

    private readonly ManualTimeProvider _time = new();
    private readonly FakeCarrier _carrier = new();
    private readonly FakeUndelivered _undelivered = new();
    private readonly FakeLocal _local = new();
    private readonly List<StreamEnd> _ends = [];
    private readonly Tunnel.Shared.Transport.TransportContext _context;
    private readonly LocalDelivery _delivery;
    private readonly StreamLife _life;

    public StreamLifeTests()
    {
        _context = new Tunnel.Shared.Transport.TransportContext(new FlowControlOptions(), _time, NullLoggerFactory.Instance);
        _delivery = new LocalDelivery(_undelivered, _context);
        _life = new StreamLife(new Lock(), _carrier, _delivery, _context) { Observer = this };
    }

    void IStreamObserver.OnStreamClosed(ITunnelStream stream, in StreamEnd end) => _ends.Add(end);

    // ---- the local peer resets

    [Fact]
    public void A_local_reset_goes_behind_what_was_sent_before_it()
    {
        Open();
        _life.NotifyLocalReset();
        Assert.Equal(["read on"], Take());

        _life.OnLocalReset();
        Assert.Equal(["RESET ResetByPeer behind data", "send", "discard", "finished"], Take());
        Assert.Equal(["start", "RST"], _local.Heard);
        Assert.Equal([new StreamEnd(StreamEndSide.Local, ResetReason.ResetByPeer)], _ends);
    }

    [Fact]
    public void It_is_told_once()
    {
        Open();
        _life.NotifyLocalReset();
        _life.NotifyLocalReset();
        Assert.Equal(["read on"], Take());
        _life.OnLocalReset();
        Take();
        _life.NotifyLocalReset();
        _life.OnLocalReset();
        Assert.Empty(Take());
        Assert.Single(_ends);
    }

    [Fact]
    public void A_local_reset_when_all_was_sent_goes_at_once_behind_it()
    {
        Open();
        Assert.True(_life.TryEndLocal(out var completes));
        Assert.False(completes);
        _life.NotifyLocalReset();
        Assert.Equal(["RESET ResetByPeer behind data", "send", "discard", "finished"], Take());
    }

    [Fact]
    public void A_local_reset_overtakes_data_that_has_been_blocked_for_long()
    {
        Open();
        _carrier.IsBlocked = true;
        _life.NotifyLocalReset();
        _time.Advance(Patience - TimeSpan.FromMilliseconds(1));
        Assert.Empty(Take());
        Assert.Empty(_ends);

        _time.Advance(Sweeper.Period);
        Assert.Equal(["RESET ResetByPeer", "send", "discard", "finished"], Take());
        Assert.Equal([new StreamEnd(StreamEndSide.Local, ResetReason.ResetByPeer)], _ends);
    }

    [Fact]
    public void Time_that_it_was_blocked_before_the_reset_counts_where_the_transport_knows_it()
    {
        Open();
        _time.Advance(Patience);
        (_carrier.IsBlocked, _carrier.BlockedSince) = (true, 0);
        _life.NotifyLocalReset();
        _time.Advance(Sweeper.Period);
        Assert.Contains("RESET ResetByPeer", Take());
    }

    [Fact]
    public void A_peer_that_takes_something_meanwhile_gets_the_reset_behind_the_data()
    {
        Open();
        _carrier.IsBlocked = true;
        _life.NotifyLocalReset();
        _time.Advance(Patience / 2);
        _carrier.IsBlocked = false;
        _time.Advance(Patience);
        Assert.Empty(Take());

        // The peer blocks again, and its patience begins anew.
        (_carrier.IsBlocked, _carrier.BlockedSince) = (true, (long)(Patience * 1.5).TotalMilliseconds);
        _life.OnBlocked();
        _time.Advance(Patience - Sweeper.Period);
        Assert.Empty(Take());
        _time.Advance(Sweeper.Period * 2);
        Assert.Contains("RESET ResetByPeer", Take());
    }

    [Fact]
    public void A_peer_that_takes_a_little_now_and_then_is_waited_for()
    {
        Open();
        _carrier.IsBlocked = true;
        _life.NotifyLocalReset();
        for (var i = 0; i < 10; i++)
        {
            _time.Advance(Patience / 2);
            _carrier.LastProgress = (long)(Patience / 2 * (i + 1)).TotalMilliseconds;
        }

        Assert.Empty(Take());
        _time.Advance(Patience + Sweeper.Period);
        Assert.Contains("RESET ResetByPeer", Take());
    }

    [Fact]
    public void Being_blocked_alone_resets_nothing()
    {
        Open();
        _carrier.IsBlocked = true;
        _life.OnBlocked();
        _time.Advance(Patience * 10);
        Assert.Empty(Take());
    }

    [Fact]
    public void What_a_reset_waits_for_behind_data_has_its_time()
    {
        Open();
        _carrier.WaitsAfterReset = true;
        _life.OnLocalReset();
        _life.WaitUntil((long)Patience.TotalMilliseconds);
        Take();
        _time.Advance(Patience - Sweeper.Period);
        Assert.Empty(Take());
        _time.Advance(Sweeper.Period * 2);
        Assert.Equal(["give up"], Take());
        _time.Advance(Patience);
        Assert.Empty(Take());
    }

    // ---- this process resets

    [Fact]
    public void Our_own_reset_waits_for_nothing()
    {
        Open();
        (_undelivered.IsEmpty, _carrier.IsBlocked) = (false, true);
        _life.Reset(ResetReason.Policy);
        Assert.Equal(["RESET Policy", "send", "discard", "finished"], Take());
        Assert.Equal(["start", "RST"], _local.Heard);
        Assert.Equal([new StreamEnd(StreamEndSide.Local, ResetReason.Policy)], _ends);
    }

    [Fact]
    public void A_stream_that_was_reset_before_it_had_a_local_end_resets_that()
    {
        _life.OnRemoteReset(ResetReason.Refused);
        _life.Attach(_local);
        Assert.Equal(["RST"], _local.Heard);
        Assert.Equal(["no RESET", "send", "finished"], Take());
    }

    [Fact]
    public void The_local_end_is_known_before_anything_comes_of_it()
    {
        _local.OnStart = () =>
        {
            Assert.Same(_local, _life.Endpoint);
            _life.NotifyLocalReset();
        };
        _life.Attach(_local);
        Assert.Equal(["read on", "read"], Take());
    }

    // ---- the peer resets, or the tunnel is lost

    [Theory]
    [InlineData(StreamEndSide.Remote)]
    [InlineData(StreamEndSide.Tunnel)]
    public void A_reset_from_afar_reaches_the_local_peer_behind_what_it_has_taken_and_the_peer_not_at_all(StreamEndSide side)
    {
        Open();
        EndFromAfar(side);
        Assert.Equal(["no RESET", "send", "finished"], Take());
        Assert.Equal(["start", "RST behind data"], _local.Heard);
        Assert.Equal(side, Assert.Single(_ends).Side);
    }

    [Theory]
    [InlineData(StreamEndSide.Remote)]
    [InlineData(StreamEndSide.Tunnel)]
    public void A_reset_from_afar_waits_for_what_is_being_written(StreamEndSide side)
    {
        OpenAndWrite();
        EndFromAfar(side);
        Assert.Equal(["start"], _local.Heard);

        // The local end takes a little each time, so it is waited for.
        for (var i = 0; i < 4; i++)
        {
            _time.Advance(Patience / 2);
            lock (_delivery.Sync)
                _delivery.NoteProgress();
        }

        Assert.Equal(["start"], _local.Heard);
        LocalEnding ending;
        lock (_delivery.Sync)
            ending = _delivery.EndWriting();
        _delivery.Conclude(_local, ending);
        Assert.Equal(["start", "RST behind data"], _local.Heard);
    }

    [Fact]
    public void A_local_peer_that_takes_nothing_of_what_came_before_a_reset_is_cut_off()
    {
        OpenAndWrite();
        EndFromAfar(StreamEndSide.Remote);
        _time.Advance(TimeSpan.FromMilliseconds(LocalDelivery.PatienceMilliseconds) + Sweeper.Period);
        Assert.Equal(["start", "RST"], _local.Heard);
        Assert.True(_undelivered.IsDropped);
    }

    // ---- in order

    [Fact]
    public void Both_ends_in_order_close_the_local_end_without_a_reset()
    {
        Open();
        Assert.True(_life.TryCloseRemote());
        _delivery.OnRemoteClose();
        Assert.Equal(["start", "FIN"], _local.Heard);
        Assert.True(_life.TryEndLocal(out var completes));
        Assert.True(completes);
        _life.Complete();
        Assert.Equal(["start", "FIN", "close"], _local.Heard);
        Assert.True(Assert.Single(_ends).Completed);

        // Nothing can happen to the stream any more.
        _life.Reset(ResetReason.Policy);
        _life.OnTunnelLost();
        _life.NotifyLocalReset();
        Assert.Equal(["finished"], Take());
        Assert.Single(_ends);
    }

    [Fact]
    public void FIN_follows_what_waits()
    {
        OpenAndWrite();
        Assert.True(_life.TryCloseRemote());
        _delivery.OnRemoteClose();
        Assert.Equal(["start"], _local.Heard);
        LocalEnding ending;
        lock (_delivery.Sync)
            ending = _delivery.EndWriting();
        _delivery.Conclude(_local, ending);
        Assert.Equal(["start", "FIN"], _local.Heard);
        Assert.Empty(_ends);
    }

    [Fact]
    public void A_second_FIN_or_one_after_a_reset_must_not_come()
    {
        Open();
        Assert.True(_life.TryCloseRemote());
        Assert.False(_life.TryCloseRemote());
        _life.Reset(ResetReason.Policy);
        Assert.False(_life.TryEndLocal(out _));
    }

    // ---- who is told

    [Fact]
    public void Who_asks_late_is_told_at_once()
    {
        _life.OnTunnelLost();
        _ends.Clear();
        _life.Observer = this;
        Assert.Equal(StreamEndSide.Tunnel, Assert.Single(_ends).Side);
    }

    [Fact]
    public void An_observer_that_throws_is_a_defect_and_no_more()
    {
        _life.Observer = new ThrowingObserver();
        _life.OnTunnelLost();
        Assert.Single(_carrier.Defects);
        Assert.Contains("finished", Take());
    }

    private void Open()
    {
        _life.Attach(_local);
        Assert.Equal(["read"], Take());
    }

    // What had come before the local end is being written to it.
    private void OpenAndWrite()
    {
        _undelivered.IsEmpty = false;
        Open();
        Assert.True(_undelivered.IsDraining && _delivery.IsWriting);
    }

    private void EndFromAfar(StreamEndSide side)
    {
        if (side == StreamEndSide.Remote)
            _life.OnRemoteReset(ResetReason.ResetByPeer);
        else
            _life.OnTunnelLost();
    }

    private List<string> Take()
    {
        List<string> asked = [.. _carrier.Asked];
        _carrier.Asked.Clear();
        return asked;
    }

    private sealed class ThrowingObserver : IStreamObserver
    {
        public void OnStreamClosed(ITunnelStream stream, in StreamEnd end) => throw new InvalidOperationException("an owner's mistake");
    }
}
