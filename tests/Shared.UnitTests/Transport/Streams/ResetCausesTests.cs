using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Proxy;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Moving;
using Tunnel.Shared.Transport.Moving.Tables;
using Tunnel.Shared.Transport.Streams;
using Tunnel.TestUtilities;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Shared.UnitTests.Transport.Streams;

/// <summary>
/// Shows what a local peer gets, and behind what, for each cause of a stream's end: for a stream of one tunnel, and for one that may move,
/// whose tunnels' streams have the life that real ones have.
/// </summary>
public sealed class ResetCausesTests : IStreamObserver
{
    private const string Name = "tunnel";
    private static readonly TimeSpan Grace = TransportContext.DefaultResumeGrace;

    private readonly ManualTimeProvider _time = new();
    private readonly FakeLocal _local = new();
    private readonly List<StreamEnd> _ends = [];
    private readonly TransportContext _context;

    public ResetCausesTests() => _context = new TransportContext(new FlowControlOptions(), _time, NullLoggerFactory.Instance);

    public enum Cause
    {
        ClientReset,
        PeerReset,
        OwnReset,
        TunnelLost,
        TunnelLostBeforeLocalEnd,
        PeerResetBeforeLocalEnd,
        EndInOrder,
        TunnelEnded,
        Waiting,
        LostForGood,
        OwnResetWhileWaiting,
        HandedOver,
        HandedOverThenPeerReset,
        HandedOverThenClientReset,
        LostOnTheWay,
    }

    void IStreamObserver.OnStreamClosed(ITunnelStream stream, in StreamEnd end) => _ends.Add(end);

    [Theory]
    [InlineData(Cause.ClientReset, "RST", StreamEndSide.Local)]
    [InlineData(Cause.PeerReset, "RST behind data", StreamEndSide.Remote)]
    [InlineData(Cause.OwnReset, "RST", StreamEndSide.Local)]
    [InlineData(Cause.TunnelLost, "RST behind data", StreamEndSide.Tunnel)]
    [InlineData(Cause.TunnelLostBeforeLocalEnd, "RST", StreamEndSide.Tunnel)]
    [InlineData(Cause.PeerResetBeforeLocalEnd, "RST", StreamEndSide.Remote)]
    [InlineData(Cause.EndInOrder, "FIN, close", null)]
    public void A_stream_of_a_tunnel(Cause cause, string heard, StreamEndSide? side)
    {
        var stream = new Carrier(_context, 1) { Stream = { Observer = this } };
        if (!IsBeforeLocalEnd(cause))
            stream.Stream.Attach(_local);
        stream.Meet(cause);
        if (IsBeforeLocalEnd(cause))
            stream.Stream.Attach(_local);

        AssertEnded(heard, side);
    }

    [Theory]
    [InlineData(Cause.ClientReset, "RST", StreamEndSide.Local)]
    [InlineData(Cause.PeerReset, "RST behind data", StreamEndSide.Remote)]
    [InlineData(Cause.OwnReset, "RST", StreamEndSide.Local)]
    [InlineData(Cause.TunnelLostBeforeLocalEnd, "RST", StreamEndSide.Tunnel)]
    [InlineData(Cause.PeerResetBeforeLocalEnd, "RST", StreamEndSide.Remote)]
    [InlineData(Cause.EndInOrder, "FIN, close", null)]
    [InlineData(Cause.TunnelEnded, "RST behind data", StreamEndSide.Tunnel)]
    [InlineData(Cause.LostForGood, "RST behind data", StreamEndSide.Tunnel)]
    [InlineData(Cause.OwnResetWhileWaiting, "RST", StreamEndSide.Local)]
    [InlineData(Cause.HandedOverThenPeerReset, "RST behind data", StreamEndSide.Remote)]
    [InlineData(Cause.HandedOverThenClientReset, "RST", StreamEndSide.Local)]
    [InlineData(Cause.LostOnTheWay, "RST behind data", StreamEndSide.Tunnel)]
    public void A_stream_that_may_move(Cause cause, string heard, StreamEndSide? side)
    {
        Move(cause);
        AssertEnded(heard, side);
    }

    [Theory]
    [InlineData(Cause.Waiting)]
    [InlineData(Cause.HandedOver)]
    public void What_ends_only_one_tunnels_part_is_told_to_nobody(Cause cause)
    {
        Move(cause);
        Assert.Equal(["start"], _local.Heard.Distinct());
        Assert.Empty(_ends);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_owner_is_told_once_at_once_if_it_asks_late_and_may_throw(bool moves)
    {
        var carrier = new Carrier(_context, 1);
        var stream = moves ? new MovableStream(_context, carrier.Stream, Table()) : (ITunnelStream)carrier.Stream;
        stream.Attach(_local);
        stream.Observer = new ThrowingOwner();
        carrier.Life.OnRemoteReset(ResetReason.Policy);
        carrier.Life.OnTunnelLost();
        stream.Observer = new ThrowingOwner();
        Assert.Empty(_ends);

        stream.Observer = this;
        carrier.Life.Reset(ResetReason.Refused);
        Assert.Equal([new StreamEnd(StreamEndSide.Remote, ResetReason.Policy)], _ends);
    }

    [Fact]
    public void Whoever_asks_just_when_the_end_is_told_is_told_once()
    {
        var owner = default(OwnerEnd);
        var end = new StreamEnd(StreamEndSide.Remote, ResetReason.Policy);
        Assert.True(owner.TryEnd(end, out var known));
        Assert.True(owner.Watch(this));
        Assert.Null(known);
        Assert.False(owner.TryEnd(new StreamEnd(StreamEndSide.Tunnel, ResetReason.Unspecified), out _));
        Assert.Equal(end, owner.End);
    }

    [Fact]
    public void An_owner_that_throws_keeps_no_other_stream_from_being_ended()
    {
        var table = Table();
        Carrier[] carriers = [.. Enumerable.Range(1, 3).Select(id => new Carrier(_context, (uint)id))];
        foreach (var carrier in carriers)
        {
            var stream = new MovableStream(_context, carrier.Stream, table);
            stream.Attach(_local);
            stream.Observer = carrier == carriers[^1] ? this : new ThrowingOwner();
        }

        table.OnEnded(Grace);
        foreach (var carrier in carriers)
            carrier.Life.OnTunnelLost();
        Assert.Equal(3, table.Waiting);
        _time.Advance(Grace);

        Assert.Single(_ends);
        Assert.Equal(3, _local.Heard.Count(static heard => heard == "RST behind data"));
        Assert.True(table.Settled.IsCompletedSuccessfully);
        Assert.True(table.Moved.IsCompletedSuccessfully);
    }

    private static bool IsBeforeLocalEnd(Cause cause) => cause is Cause.TunnelLostBeforeLocalEnd or Cause.PeerResetBeforeLocalEnd;

    private MovableStreams Table() => new(_context, new TrafficMeter(_context), static _ => { }) { TunnelId = Name };

    private void Move(Cause cause)
    {
        var table = Table();
        var carrier = new Carrier(_context, 1);
        var stream = new MovableStream(_context, carrier.Stream, table) { Observer = this };
        if (!IsBeforeLocalEnd(cause))
            stream.Attach(_local);
        switch (cause)
        {
            case Cause.OwnReset:
                stream.Reset(ResetReason.Policy);
                break;
            case Cause.TunnelEnded or Cause.TunnelLostBeforeLocalEnd:
                Lose(TimeSpan.Zero);
                break;
            case Cause.Waiting:
                Lose(Grace);
                break;
            case Cause.LostForGood:
                Lose(Grace);
                Assert.DoesNotContain(_local.Heard, static heard => heard != "start");
                _time.Advance(Grace);
                break;
            case Cause.OwnResetWhileWaiting:
                Lose(Grace);
                stream.Reset(ResetReason.Policy);
                break;
            case Cause.HandedOver:
                HandOver();
                break;
            case Cause.HandedOverThenPeerReset:
                HandOver().Meet(Cause.PeerReset);
                break;
            case Cause.HandedOverThenClientReset:
                HandOver().Meet(Cause.ClientReset);
                break;
            case Cause.LostOnTheWay:
                BeginHandOver();
                Lose(Grace);
                Assert.DoesNotContain(_local.Heard, static heard => heard != "start");
                _time.Advance(Grace);
                break;
            default:
                carrier.Meet(cause);
                break;
        }

        if (IsBeforeLocalEnd(cause))
            stream.Attach(_local);

        void Lose(TimeSpan grace)
        {
            table.OnEnded(grace);
            carrier.Life.OnTunnelLost();
        }

        Carrier BeginHandOver()
        {
            var next = new Carrier(_context, 9);
            Assert.Null(table.Take(new StreamMove(Name, carrier.Stream.Id, 1, Point: null), next.Stream, Table()));
            return next;
        }

        Carrier HandOver()
        {
            var next = BeginHandOver();

            // The old tunnel has brought all, and on the new one the edge begins with its first byte. Then the old tunnel is lost.
            carrier.EndFromAfar();
            Assert.Equal(StreamLeg.BeginningSize, next.Life.Endpoint!.TryWrite(new byte[StreamLeg.BeginningSize]));
            Lose(Grace);
            return next;
        }
    }

    private void AssertEnded(string heard, StreamEndSide? side)
    {
        Assert.Equal(heard, string.Join(", ", _local.Heard.Where(static heard => heard != "start")));
        var end = Assert.Single(_ends);
        Assert.Equal(side is null, end.Completed);
        if (side is not null)
            Assert.Equal(side, end.Side);
    }

    private sealed class ThrowingOwner : IStreamObserver
    {
        public void OnStreamClosed(ITunnelStream stream, in StreamEnd end) => throw new InvalidOperationException("an owner's mistake");
    }

    /// <summary>The stream of a tunnel, and the events that may happen to it.</summary>
    private sealed class Carrier
    {
        private readonly LocalDelivery _delivery;

        public Carrier(TransportContext context, uint id)
        {
            Stream = new FakeCarrier { Id = id };
            _delivery = new LocalDelivery(new FakeUndelivered(), context);
            Stream.Life = Life = new StreamLife(new Lock(), Stream, _delivery, context);
        }

        public FakeCarrier Stream { get; }

        public StreamLife Life { get; }

        public void EndFromAfar()
        {
            Assert.True(Life.TryCloseRemote());
            _delivery.OnRemoteClose();
        }

        public void Meet(Cause cause)
        {
            switch (cause)
            {
                case Cause.ClientReset:
                    Life.OnLocalReset();
                    break;
                case Cause.PeerReset or Cause.PeerResetBeforeLocalEnd:
                    Life.OnRemoteReset(ResetReason.ResetByPeer);
                    break;
                case Cause.OwnReset:
                    Life.Reset(ResetReason.Policy);
                    break;
                case Cause.TunnelLost or Cause.TunnelLostBeforeLocalEnd:
                    Life.OnTunnelLost();
                    break;
                case Cause.EndInOrder:
                    EndFromAfar();
                    Assert.True(Life.TryEndLocal(out var completes) && completes);
                    Life.Complete();
                    break;
                default:
                    throw new NotSupportedException($"{cause} is not of one tunnel");
            }
        }
    }
}
