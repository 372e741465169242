using System.Buffers.Binary;
using System.IO.Pipelines;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.FuzzTests.Engine;
using Tunnel.FuzzTests.Targets;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Quic.Control;
using Tunnel.Shared.Transport.Streams;
using Tunnel.TestUtilities;

namespace Tunnel.FuzzTests.Mux;

/// <summary>
/// QUIC's control stream, at the hub or at the edge: the first byte says which, and whether extensions are agreed; the second how much came
/// with the handshake line and in which pieces the rest comes. In one piece it means the same, and so it does where openings have to wait.
/// </summary>
internal sealed class ControlTarget
{
    private const byte AtEdge = 1;
    private const byte Extended = 2;

    private static readonly PipeOptions Inline = new(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false,
        pauseWriterThreshold: 0);

    private readonly TransportContext _context = new(new FlowControlOptions(), new ManualTimeProvider(), NullLoggerFactory.Instance);

    private ControlTarget()
    {
    }

    public static IReadOnlyList<byte[]> Seeds { get; } =
    [
        [
            0, 0, .. Hello(), .. UdpOpen(1), .. UdpOpen(2), .. Frame(FrameType.UdpClose, Id(1)), .. Frame(FrameType.Pong, new byte[8]),
            .. Report(), .. GoAway()],
        [0, 0x35, .. Hello(), .. Frame((FrameType)0x7F, "skipped"u8), .. UdpOpen(7), .. Frame(FrameType.Probe)],
        [Extended, 7, .. UdpOpen(3), .. Frame(FrameType.UdpClose, Id(3))],
        [AtEdge | Extended, 0x21, .. Config(), .. Frame(FrameType.Ping, new byte[8]), .. Frame(FrameType.UdpClose, Id(9)), .. GoAway()],
        [AtEdge, 1, .. Frame(FrameType.Ping), (byte)FrameType.Config, 0, 0x40, 0, 0, 1, 2, 3],
    ];

    public static IReadOnlyList<byte[]> Tokens { get; } =
    [
        .. Enum.GetValues<FrameType>().Select(static type => Frame(type)), UdpOpen(1), UdpOpen(8), Hello(), Frame((FrameType)0x1F),
        [0, 0, 0, 4], [0, 0, 0, 3], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0x40, 0, 0], [0, 1, 0, 0], [0, 1, 0, 1],
    ];

    public static FuzzAction Start()
    {
        var target = new ControlTarget();
        return target.Run;
    }

    private bool Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < 3)
            return false;
        var (kind, how, bytes) = (input[0], input[1], input[2..].ToArray());
        var whole = Feed(kind, bytes, 0, bytes.Length, waits: false);
        var pieces = Feed(kind, bytes, Math.Min(bytes.Length, how >> 4), 1 + (how & 15), waits: true);
        Check.Equal(whole, pieces, "frames mean the same however they come");
        return whole.Violation is null;
    }

    private Outcome Feed(byte kind, byte[] bytes, int withLine, int piece, bool waits)
    {
        var isEdge = (kind & AtEdge) != 0;
        var terms = new TunnelTerms(_context.Options.InitialWindow, TunnelProtocol.SupportedFeatures);
        if ((kind & Extended) != 0)
            terms.Accept(TunnelProtocol.CreateHubInfo(_context, "fuzz", "tunnel-1", 1));
        var owner = new CountingOwner(waits);
        var inbox = new ControlInbox(new Lock(), terms, new Departure(_context), _context, isEdge, owner);
        var pipe = new Pipe(Inline);
        var reading = new ControlReader(isEdge, terms, inbox, owner, pipe.Reader, bytes.AsMemory(0, withLine)).RunAsync();
        for (var at = withLine; at < bytes.Length && !reading.IsCompleted; at += piece)
            pipe.Writer.WriteAsync(bytes.AsMemory(at, Math.Min(piece, bytes.Length - at))).AsTask().GetAwaiter().GetResult();
        pipe.Writer.Complete();
        Check.That(reading.IsCompleted, "all is read where it comes");
        try
        {
            reading.GetAwaiter().GetResult();
            return new Outcome(null, owner.Calls);
        }
        catch (FrameViolationException e)
        {
            Check.IsErrorText(e.Message);
            return new Outcome(e.Message, owner.Calls);
        }
        finally
        {
            pipe.Reader.Complete();
        }
    }

    private static byte[] Frame(FrameType type, ReadOnlySpan<byte> payload = default)
    {
        var frame = new byte[ControlSender.HeaderSize + payload.Length];
        frame[0] = (byte)type;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)payload.Length);
        payload.CopyTo(frame.AsSpan(ControlSender.HeaderSize));
        return frame;
    }

    private static byte[] Id(uint id)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, id);
        return bytes;
    }

    private static byte[] UdpOpen(uint id) => Frame(FrameType.UdpOpen, [.. Id(id), .. ProxyTargets.UdpOpenSeeds[1]]);

    private static byte[] Hello() => Frame(
        FrameType.Hello,
        ControlMessage.Serialize(
            new Hello { Version = "f", Features = ["reset", "goaway", "port"], MaxFrame = 65536, InitialWindow = 1024 }));

    private static byte[] Report() => Frame(FrameType.Report, MessageTargets.ReportSeeds[0]);

    private static byte[] GoAway() => Frame(FrameType.GoAway, MessageTargets.GoAwaySeeds[0]);

    private static byte[] Config() => Frame(FrameType.Config, MessageTargets.ConfigSeeds[0]);

    private sealed record Outcome(string? Violation, int Calls);

    /// <summary>Takes every opening, and has every third one wait where it is to.</summary>
    private sealed class CountingOwner(bool waits) : IControlOwner, IControlFrames
    {
        private int _openings;

        public int Calls { get; private set; }

        public bool IsOver => false;

        public bool TryPassOpening() => !waits || ++_openings % 3 != 0;

        public Task WaitForEndingsAsync() => Task.CompletedTask;

        public void OnFrame() => Calls++;

        public string? OnUdpOpen(uint id, in StreamOpening opening)
        {
            Calls++;
            return id == 0 ? "session 0 was used already" : null;
        }

        public void OnUdpClose(uint id) => Calls++;

        public void OnPing(ReadOnlySpan<byte> payload) => Calls++;

        public void OnPong(ReadOnlySpan<byte> payload) => Calls++;

        public void OnProbe() => Calls++;

        public string? OnAck(ReadOnlySpan<byte> payload)
        {
            Calls++;
            return null;
        }

        public void OnConfig(TunnelConfig config) => Calls++;

        public void OnHello(Hello hello) => Calls++;

        public void OnReport(Report report) => Calls++;

        public void OnGoAway(GoAway goAway) => Calls++;

        public void SendGoAway(string reason) => Calls++;
    }
}
