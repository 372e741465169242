using System.Buffers.Binary;
using Tunnel.FuzzTests.Engine;
using Tunnel.FuzzTests.Targets;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Mux;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Mux;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.FuzzTests.Mux;

/// <summary>
/// Frames as they come out of TLS, at the hub or at the edge: the first byte says which, and whether extensions are agreed; the others are
/// what comes. An extended tunnel outlives its connection where both ends agree. Given whole, and in pieces and short turns, frames mean
/// the same, and nothing that was held for them is held after the end.
/// </summary>
internal sealed class FrameTarget
{
    private const byte AtEdge = 1;
    private const byte Extended = 2;

    private readonly DefectWatch _watch = new();
    private readonly MemoryEnd _end = new();
    private TransportContext _context;

    private FrameTarget() => _context = NewContext();

    public static IReadOnlyList<byte[]> Seeds { get; } =
    [
        [
            0, .. Open(1), .. Frame(1, FrameType.Data, "hello"u8), .. Frame(1, FrameType.WindowUpdate, [0, 0, 4, 0]),
            .. Frame(1, FrameType.Close), .. Frame(0, FrameType.Pong)],
        [
            0, .. Hello(), .. Open(1), .. Open(2), .. Frame(2, FrameType.Data, new byte[200]), .. Frame(1, FrameType.Reset, [1]),
            .. Report(), .. GoAway()],
        [
            0, .. Hello(), .. UdpOpen(3), .. Frame(3, FrameType.UdpData, "ping"u8), .. Frame(3, FrameType.UdpData),
            .. Frame(3, FrameType.UdpClose), .. Frame(0, (FrameType)0x30, "skipped"u8)],
        [
            0, .. Hello(), .. Open(5), .. Frame(5, FrameType.Close), .. Frame(5, FrameType.WindowUpdate, [0x7F, 0xFF, 0, 0]),
            .. Frame(4, FrameType.Data, [1])],
        [
            AtEdge | Extended, .. Frame(1, FrameType.DataBack, "hello"u8), .. Frame(1, FrameType.WindowUpdateBack, [0, 0, 4, 0]),
            .. Frame(0, FrameType.Ping, new byte[8]), .. Frame(1, FrameType.CloseBack)],
        [
            AtEdge | Extended, .. Frame(3, FrameType.UdpDataBack, "pong"u8), .. Frame(2, FrameType.Reset, [2]),
            .. Frame(3, FrameType.UdpClose), .. Config(), .. GoAway()],
        [AtEdge | Extended, .. Announced(FrameType.Config, 4 << 20), .. new byte[100]],
        [
            0, .. Hello("resume", "move"), .. Ack(0), .. Open(1), .. Frame(0, FrameType.Pong, new byte[8]), .. Open(2),
            .. Frame(2, FrameType.Reset, [1]), .. Ack(0), .. Resume(ResumePoint.None)],
        [
            0, .. Frame(0, FrameType.Hello, ControlMessage.Serialize(Own("resume") with { Resume = new ResumeHello("tunnel-1") })),
            .. Resume(new ResumePoint(10, 5).Write()), .. Open(1), .. Ack(0)],
        [AtEdge | Extended, .. Ack(0), .. Frame(1, FrameType.DataBack, "hello"u8), .. Resume(ResumePoint.None)],
        [
            AtEdge, .. Config(), .. Frame(0, FrameType.Ping), .. Frame(2, FrameType.DataBack, new byte[300]),
            .. Frame(2, FrameType.CloseBack)],
    ];

    public static IReadOnlyList<byte[]> Tokens { get; } =
    [
        .. Enum.GetValues<FrameType>().SelectMany(static type => new[] { Frame(1, type), Frame(0, type) }),
        Frame(1, FrameType.Data, [1, 2, 3]), Frame(9, (FrameType)0x1F), Open(7), Open(1), UdpOpen(8), Hello(),
        Hello("resume", "move"), Ack(0), Ack(1), Ack(40), Resume(ResumePoint.None), Resume(new ResumePoint(1, 0).Write()),
        [0, 0, 0, 1], [0, 0, 0, 2], [0xFF, 0xFF, 0xFF, 0xFF], [0, 16, 0, 0], [0, 16, 0, 1], [0, 0x40, 0, 0],
    ];

    public static FuzzAction Start()
    {
        var target = new FrameTarget();
        return target.Run;
    }

    private bool Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < 2)
            return false;
        var frames = input[1..];
        var (whole, pieces) = (Feed(input[0], frames, frames.Length, int.MaxValue),
            Feed(input[0], frames, 1 + (frames[^1] % 23), 1 + (frames[^1] % 3)));

        // What has been sent by the time of an ACK depends on how the frames before it came.
        if (!IsOfAck(whole) && !IsOfAck(pieces))
            Check.Equal(whole, pieces, "frames mean the same however they come");
        return whole.Violation is null;
    }

    private static bool IsOfAck(Outcome outcome) =>
        outcome.Violation?.Contains("acknowledges more than was sent", StringComparison.Ordinal) == true;

    private Outcome Feed(byte kind, ReadOnlySpan<byte> frames, int piece, int limit)
    {
        _end.Tls.Restart();
        DefectWatch.Forget();
        var handler = new CountingHandler();
        var tunnel = MakeTunnel(kind, handler);
        var dispatcher = tunnel.Endpoint.Frames;
        string? violation = null;
        try
        {
            var (start, end) = (0, 0);
            while (end < frames.Length)
            {
                // The bytes that were not consumed come again, with more behind them.
                end = Math.Min(frames.Length, end + piece);
                for (var turn = true; turn;)
                {
                    var (used, cost, _) = dispatcher.Process(frames[start..end], limit);
                    start += used;
                    Check.That(start <= end, "no more is consumed than there is");

                    // A frame that is not whole yet has its cost too, and is not tried again before there is more of it.
                    turn = used > 0 && cost >= limit && start < end;
                }
            }
        }
        catch (FrameViolationException e)
        {
            violation = e.Message;
            Check.IsErrorText(violation);
        }

        Check.That(!tunnel.IsDead, "frames alone do not end it otherwise than by a violation");
        tunnel.Terminate(new TunnelEnd(TunnelEndKind.PeerClosed, "the input is over"));
        _watch.ThrowIfAny();
        CheckNothingIsLeft(tunnel);
        return new Outcome(violation, handler.Calls);
    }

    private MuxTunnel MakeTunnel(byte kind, ITunnelHandler handler)
    {
        var atEdge = (kind & AtEdge) != 0;
        var tunnel = new MuxTunnel(_end.Connection, "fuzz", atEdge, _context, handler, default);
        if (!atEdge)
            return tunnel;
        if ((kind & Extended) != 0)
            tunnel.UseHub(TunnelProtocol.CreateHubInfo(_context, "fuzz", "tunnel-1", 1), new Hello { Version = "fuzz" });
        var opening = new StreamOpening(ProxyTargets.Client, ProxyTargets.Server, 443);
        tunnel.OpenStream(opening, Taker(), null);
        tunnel.OpenStream(opening, Taker(), null);
        tunnel.OpenSession(opening, new NoSink());
        return tunnel;
    }

    private static ScriptedEndpoint Taker() => new(0, 0) { Checks = false, Room = int.MaxValue };

    private void CheckNothingIsLeft(MuxTunnel tunnel)
    {
        var (used, grown, active) = (_context.Flow.Budget.Used, _context.Flow.Grown, _context.Flow.ActiveStreams);
        if ((used, grown, active) != (0, 0, 0))
            _context = NewContext();
        Check.Equal((0L, 0L, 0), (used, grown, active), "memory, windows and active streams after the end");
        Check.Equal(0, tunnel.ActiveStreams, "unfinished streams after the end");
    }

    private TransportContext NewContext() => new(new FlowControlOptions(), new ManualTimeProvider(), _watch)
    {
        ResumeGrace = TransportContext.DefaultResumeGrace,
    };

    private static byte[] Frame(uint id, FrameType type, ReadOnlySpan<byte> payload = default)
    {
        var frame = new byte[FrameHeader.Size + payload.Length];
        new FrameHeader(id, type, (uint)payload.Length).Write(frame);
        payload.CopyTo(frame.AsSpan(FrameHeader.Size));
        return frame;
    }

    private static byte[] Announced(FrameType type, int length)
    {
        var header = new byte[FrameHeader.Size];
        new FrameHeader(0, type, (uint)length).Write(header);
        return header;
    }

    private static byte[] Open(uint id) => Frame(id, FrameType.Open, ProxyTargets.OpenSeeds[1]);

    private static byte[] UdpOpen(uint id) => Frame(id, FrameType.UdpOpen, ProxyTargets.UdpOpenSeeds[1]);

    private static byte[] Hello(params string[] further) => Frame(0, FrameType.Hello, ControlMessage.Serialize(Own(further)));

    private static Hello Own(params string[] further) => new()
    {
        Version = "f",
        Features = ["reset", "goaway", "port", .. further],
        MaxFrame = 65536,
        InitialWindow = 1024,
        ResumeGrace = further.Length > 0 ? 60 : null,
    };

    private static byte[] Ack(long offset)
    {
        var payload = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(payload, offset);
        return Frame(0, FrameType.Ack, payload);
    }

    private static byte[] Resume(ReadOnlySpan<byte> packed) => Frame(0, FrameType.Resume, packed);

    private static byte[] Report() => Frame(0, FrameType.Report, MessageTargets.ReportSeeds[0]);

    private static byte[] GoAway() => Frame(0, FrameType.GoAway, MessageTargets.GoAwaySeeds[0]);

    private static byte[] Config() => Frame(0, FrameType.Config, MessageTargets.ConfigSeeds[0]);

    private sealed record Outcome(string? Violation, int Calls);

    /// <summary>Owns the streams that come: every second one gets a local end at once, the others never.</summary>
    private sealed class CountingHandler : IHubTunnelHandler, IEdgeTunnelHandler
    {
        public int Calls { get; private set; }

        // No tunnel that HELLO could name is there.
        public void OnHello(ITunnel tunnel, Hello hello)
        {
            Calls++;
            if (hello.Resume is not null)
                tunnel.RefuseResume();
        }

        public void OnReport(ITunnel tunnel, Report report) => Calls++;

        public void OnGoAway(ITunnel tunnel, GoAway goAway) => Calls++;

        public void OnConfig(ITunnel tunnel, TunnelConfig config) => Calls++;

        public void OnStreamOpened(ITunnel tunnel, ITunnelStream stream, in StreamOpening opening)
        {
            Calls++;
            if (opening.Move is { } move)
                stream.Reset(move.Refusal);
            else if (stream.Id % 2 == 0)
                stream.Attach(Taker());
        }

        public IDatagramSink? OnSessionOpened(ITunnel tunnel, ITunnelSession session, in StreamOpening opening)
        {
            Calls++;
            return new NoSink();
        }
    }

    private sealed class NoSink : IDatagramSink
    {
        public void OnDatagram(ReadOnlySpan<byte> payload)
        {
        }

        public void OnSessionClosed()
        {
        }
    }
}
