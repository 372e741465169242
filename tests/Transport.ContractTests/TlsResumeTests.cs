using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;
using Tunnel.Shared.Transport.Mux;
using Tunnel.TestUtilities.Processes;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>
/// Edges come back to a hub, honest ones and others (protocol.md section 8). A connection that lies ends, and nothing else does.
/// </summary>
public sealed class TlsResumeTests
{
    private readonly TransportContext _context = new(new FlowControlOptions(), TimeProvider.System, NullLoggerFactory.Instance)
    {
        ResumeGrace = TimeSpan.FromSeconds(60),
    };

    [Fact]
    public async Task A_stream_goes_on_in_the_middle_of_a_frame()
    {
        var handler = new ResumingHub();
        var (hub, edge) = await BeginAsync(handler);
        var client = new FakeEndpoint();
        handler.OnStream = stream => stream.Attach(client);
        var open = ScriptedPeer.Frame(1, FrameType.Open, ScriptedPeer.OpenLine);
        var data = ScriptedPeer.Frame(1, FrameType.Data, "0123456789"u8);
        await edge.SendAsync(open, data[..14]);
        await Eventually.IsTrueAsync(() => client.Received.Length == 5, "the first five bytes");

        await edge.DisposeAsync();
        await Eventually.IsTrueAsync(() => hub.IsLost, "the loss of the connection");
        var (_, again) = await ComeBackAsync(handler, received: 0, from: 0);

        // The hub tells how far it has got, and takes the rest of the frame.
        var resume = await again.ReadUntilAsync(0, FrameType.Resume);
        Assert.True(ResumePoint.TryRead(resume, out var point, out _));
        Assert.Equal(open.Length + 14, point!.Received);
        Assert.Equal(ResumeOutcome.Resumed, await handler.NextOutcomeAsync());
        await again.SendAsync(data[14..]);
        await Eventually.IsTrueAsync(() => client.Received.Length == 10, "all ten bytes");
        Assert.Equal("0123456789"u8.ToArray(), client.Received);
        Assert.False(hub.IsLost);
        await hub.DisposeAsync();
    }

    [Fact]
    public async Task What_it_says_of_itself_waits_for_what_is_being_read()
    {
        var lost = new TunnelEnd(TunnelEndKind.ConnectionLost, "its edge came back over another connection");
        var handler = new ResumingHub { KeepsAll = true };
        Task<ResumePoint?>? detaching = null;
        var knewTooEarly = false;
        handler.OnStream = stream =>
        {
            detaching = handler.Tunnel!.Links.DetachAsync(lost);
            knewTooEarly = detaching.IsCompleted;
        };
        byte[] frames =
        [
            .. ScriptedPeer.Frame(0, FrameType.Hello, Hello(null)), .. ScriptedPeer.Frame(1, FrameType.Open, ScriptedPeer.OpenLine),
        ];

        // The hub processes them while it starts.
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(_context, handler, behindLine: frames);

        Assert.False(knewTooEarly);
        var point = await detaching!.WaitAsync(SocketHelpers.Hang);
        Assert.Equal(frames.Length - FrameHeader.Size - Hello(null).Length, point!.Received);
        await edge.DisposeAsync();
        await hub.DisposeAsync();
    }

    [Fact]
    public async Task A_connection_that_lies_about_what_it_has_ends_by_itself()
    {
        var handler = new ResumingHub();
        var (hub, edge) = await BeginAsync(handler);

        var (liar, its) = await ComeBackAsync(handler, received: 1L << 40, from: 0);

        var end = await liar.Completion.WaitAsync(SocketHelpers.Hang);
        Assert.Equal(TunnelEndKind.ProtocolError, end.Kind);
        Assert.Contains("beyond", end.Detail, StringComparison.Ordinal);
        Assert.Equal(ResumeOutcome.Failed, await handler.NextOutcomeAsync());
        Assert.False(hub.IsLost || hub.Completion.IsCompleted);
        await its.DisposeAsync();
        await edge.DisposeAsync();
        await hub.DisposeAsync();
    }

    [Theory]
    [InlineData("93 C3 CF", "MessagePack")]
    [InlineData("DD FF FF FF FF C3 00 00", "MessagePack")]
    [InlineData("93 C2 00 00", "further frame")]
    [InlineData("92 C3 00", "2 members")]
    [InlineData("93 C3 00 00 00", "follows")]
    [InlineData("93 C3 CF FF FF FF FF FF FF FF FF 00", "received")]
    [InlineData("C0", "HELLO names")]
    public async Task What_is_no_RESUME_ends_the_connection_that_brings_it(string hex, string fault)
    {
        var handler = new ResumingHub();
        var (hub, edge) = await BeginAsync(handler);

        var (other, its) = await ScriptedPeer.ConnectToHubAsync(_context, handler);
        await its.SendAsync(
            ScriptedPeer.Frame(0, FrameType.Hello, Hello("tunnel-1")),
            ScriptedPeer.Frame(0, FrameType.Resume, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))));

        await AssertBrokenAsync(other, fault);
        Assert.False(hub.IsLost || hub.Completion.IsCompleted);
        await its.DisposeAsync();
        await edge.DisposeAsync();
        await hub.DisposeAsync();
    }

    [Fact]
    public async Task RESUME_comes_right_behind_the_HELLO_that_asks_and_not_without_it()
    {
        var handler = new ResumingHub();
        var (first, edge) = await BeginAsync(handler);
        await edge.SendAsync(ScriptedPeer.Frame(0, FrameType.Resume, new ResumePoint(0, 0).Write()));
        await AssertBrokenAsync(first, "nobody has asked");

        var (second, its) = await ScriptedPeer.ConnectToHubAsync(_context, handler);
        await its.SendAsync(
            ScriptedPeer.Frame(0, FrameType.Hello, Hello("tunnel-1")), ScriptedPeer.Frame(1, FrameType.Open, ScriptedPeer.OpenLine));
        await AssertBrokenAsync(second, "must follow");
        Assert.Empty(handler.Streams);
        await edge.DisposeAsync();
        await its.DisposeAsync();
    }

    [Fact]
    public async Task What_was_not_kept_is_refused_and_the_connection_is_a_tunnel_of_its_own()
    {
        var handler = new ResumingHub();
        var (hub, edge) = await BeginAsync(handler);
        await edge.DisposeAsync();
        await Eventually.IsTrueAsync(() => hub.IsLost, "the loss of the connection");

        // This edge can't send again what the hub has not got.
        var (own, its) = await ComeBackAsync(handler, received: 0, from: 1_000_000);

        Assert.Equal(ResumePoint.None.ToArray(), await its.ReadUntilAsync(0, FrameType.Resume));
        Assert.Equal(ResumeOutcome.Refused, await handler.NextOutcomeAsync());
        await its.SendAsync(ScriptedPeer.Frame(1, FrameType.Open, ScriptedPeer.OpenLine));
        await Eventually.IsTrueAsync(() => !handler.Streams.IsEmpty, "the stream");
        Assert.False(own.Completion.IsCompleted);
        await its.DisposeAsync();
        await own.DisposeAsync();
        await hub.DisposeAsync();
    }

    [Fact]
    public async Task Of_a_storm_of_connections_that_ask_for_the_same_tunnel_the_last_one_has_it()
    {
        const int Storm = 16;
        var handler = new ResumingHub();
        var (hub, edge) = await BeginAsync(handler);
        var all = new List<(ITunnel Tunnel, ScriptedPeer Peer)>();
        for (var i = 0; i < Storm; i++)
            all.Add(await ScriptedPeer.ConnectToHubAsync(_context, handler));

        // An edge that has got nothing over one connection says the same over the next.
        await Task.WhenAll(all.Select(one => one.Peer.SendAsync(
            ScriptedPeer.Frame(0, FrameType.Hello, Hello("tunnel-1")),
            ScriptedPeer.Frame(0, FrameType.Resume, new ResumePoint(0, 0).Write()))));

        for (var i = 0; i < Storm; i++)
            Assert.Equal(ResumeOutcome.Resumed, await handler.NextOutcomeAsync());
        foreach (var (tunnel, _) in all)
            Assert.Equal(TunnelEndKind.Closed, (await tunnel.Completion.WaitAsync(SocketHelpers.Hang)).Kind);
        Assert.False(hub.Completion.IsCompleted);
        await hub.DisposeAsync();
        foreach (var (_, peer) in all)
            await peer.DisposeAsync();
        await edge.DisposeAsync();
    }

    // The hub's PING has not come yet, so it has sent nothing that counts.
    private async Task<(ITunnel Hub, ScriptedPeer Edge)> BeginAsync(ResumingHub handler)
    {
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(_context, handler);
        handler.First = hub;
        await edge.SendAsync(ScriptedPeer.Frame(0, FrameType.Hello, Hello(null)));
        await Eventually.IsTrueAsync(() => (hub.Features & TunnelFeatures.Resume) != 0, "the HELLO of a peer that resumes");
        return (hub, edge);
    }

    private async Task<(ITunnel Hub, ScriptedPeer Edge)> ComeBackAsync(ResumingHub handler, long received, long from)
    {
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(_context, handler);
        await edge.SendAsync(
            ScriptedPeer.Frame(0, FrameType.Hello, Hello("tunnel-1")),
            ScriptedPeer.Frame(0, FrameType.Resume, new ResumePoint(received, from).Write()));
        return (hub, edge);
    }

    private byte[] Hello(string? tunnelId) => ControlMessage.Serialize(new Hello
    {
        Instance = "00112233445566778899aabbccddeeff",
        Features = FeatureNames.Format(TunnelProtocol.FeaturesOf(_context)),
        MaxFrame = 64 << 10,
        InitialWindow = 64 << 10,
        ResumeGrace = 60,
        Resume = tunnelId is null ? null : new ResumeHello(tunnelId),
    });

    private static async Task AssertBrokenAsync(ITunnel tunnel, string fault)
    {
        var end = await tunnel.Completion.WaitAsync(SocketHelpers.Hang);
        Assert.Equal(TunnelEndKind.ProtocolError, end.Kind);
        Assert.Contains(fault, end.Detail, StringComparison.Ordinal);
    }

    /// <summary>Lets every connection that asks go on with the first tunnel.</summary>
    private sealed class ResumingHub : IHubTunnelHandler
    {
        private readonly Channel<ResumeOutcome> _outcomes = Channel.CreateUnbounded<ResumeOutcome>();

        public ITunnel? First { get; set; }

        /// <summary>Whether any tunnel that is lost may wait.</summary>
        public bool KeepsAll { get; init; }

        /// <summary>The tunnel that has introduced itself.</summary>
        public MuxTunnel? Tunnel { get; private set; }

        public Action<ITunnelStream>? OnStream { get; set; }

        public System.Collections.Concurrent.ConcurrentQueue<ITunnelStream> Streams { get; } = new();

        public async Task<ResumeOutcome> NextOutcomeAsync() => await _outcomes.Reader.ReadAsync().AsTask().WaitAsync(SocketHelpers.Hang);

        public bool OnLost(ITunnel tunnel, TunnelEnd cause) => KeepsAll || tunnel == First;

        public void OnHello(ITunnel tunnel, Hello hello)
        {
            Tunnel = tunnel as MuxTunnel;
            if (hello.Resume is { } resume)
                _ = Task.Run(() => ResumeAsync(tunnel, resume.Point!));
        }

        public void OnReport(ITunnel tunnel, Report report)
        {
        }

        public void OnGoAway(ITunnel tunnel, GoAway goAway)
        {
        }

        public void OnStreamOpened(ITunnel tunnel, ITunnelStream stream, in StreamOpening opening)
        {
            Streams.Enqueue(stream);
            OnStream?.Invoke(stream);
        }

        public IDatagramSink? OnSessionOpened(ITunnel tunnel, ITunnelSession session, in StreamOpening opening) => null;

        private async Task ResumeAsync(ITunnel tunnel, ResumePoint point)
        {
            var outcome = await First!.AcceptResumeAsync(tunnel, point);
            if (outcome == ResumeOutcome.Refused)
                tunnel.RefuseResume();
            _outcomes.Writer.TryWrite(outcome);
        }
    }
}
