using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Streams;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Transport.Streams;

/// <summary>The rules of the control messages hold, whatever they come over.</summary>
public sealed class ControlInboxTests : IControlOwner
{
    private readonly ManualTimeProvider _time = new();
    private readonly List<string> _told = [];

    void IControlOwner.OnConfig(TunnelConfig config) => _told.Add("CONFIG");

    void IControlOwner.OnHello(Hello hello) => _told.Add("HELLO");

    void IControlOwner.OnReport(Report report) => _told.Add("REPORT");

    void IControlOwner.OnGoAway(GoAway goAway) => _told.Add("GOAWAY");

    void IControlOwner.SendGoAway(string reason) => _told.Add($"answer {reason}");

    [Fact]
    public void HELLO_is_the_first_frame_or_none()
    {
        var inbox = Make(isEdge: false);
        Assert.Null(inbox.CheckOrder(FrameType.Hello));
        Assert.Null(TakeHello(inbox));
        inbox.NoteFrame(FrameType.Ping);
        Assert.Equal("must be the first frame", inbox.CheckOrder(FrameType.Hello));
        Assert.Null(inbox.CheckOrder(FrameType.Report));
        Assert.Equal(["HELLO"], _told);
    }

    [Fact]
    public void A_HELLO_that_agrees_on_nonsense_is_told_to_nobody()
    {
        Assert.Contains(
            "maxFrame", Make(isEdge: false).Take(FrameType.Hello, ControlMessage.Serialize(new Hello { Version = "t", MaxFrame = 1 })));
        Assert.Empty(_told);
    }

    [Fact]
    public void REPORT_comes_after_HELLO_and_twenty_times_a_second()
    {
        var inbox = Make(isEdge: false);
        Assert.Equal("REPORT before HELLO", TakeReport(inbox));
        TakeHello(inbox);
        for (var second = 0; second < 2; second++)
        {
            for (var i = 0; i < 20; i++)
                Assert.Null(TakeReport(inbox));
            Assert.Equal("more than 20 in a second", TakeReport(inbox));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(40, _told.Count(static what => what == "REPORT"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void GOAWAY_counts_once_and_an_edge_answers_it(bool isEdge)
    {
        var inbox = Make(isEdge);
        for (var i = 0; i < 2; i++)
            Assert.Null(inbox.Take(FrameType.GoAway, ControlMessage.Serialize(new GoAway(GoAway.Shutdown, 7))));
        Assert.Equal(isEdge ? [$"answer {GoAway.Shutdown}", "GOAWAY"] : ["GOAWAY"], _told);
    }

    [Theory]
    [InlineData(FrameType.Config)]
    [InlineData(FrameType.Hello)]
    [InlineData(FrameType.Report)]
    [InlineData(FrameType.GoAway)]
    public void What_cannot_be_read_is_told_to_nobody(FrameType type)
    {
        Assert.NotNull(Make(isEdge: type == FrameType.Config).Take(type, "{"u8));
        Assert.Empty(_told);
    }

    private ControlInbox Make(bool isEdge)
    {
        var context = new Tunnel.Shared.Transport.TransportContext(new FlowControlOptions(), _time, NullLoggerFactory.Instance);
        return new ControlInbox(
            new Lock(), new TunnelTerms(64 << 10, TunnelProtocol.SupportedFeatures), new Departure(context), context, isEdge, this);
    }

    private static string? TakeHello(ControlInbox inbox) =>
        inbox.Take(FrameType.Hello, ControlMessage.Serialize(new Hello { Version = "t", MaxFrame = 65_536, InitialWindow = 1_024 }));

    private static string? TakeReport(ControlInbox inbox) =>
        inbox.Take(FrameType.Report, ControlMessage.Serialize(new Report { Kind = Report.PublicAddress }));
}
