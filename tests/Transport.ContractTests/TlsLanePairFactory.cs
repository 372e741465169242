using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Tls;
using Tunnel.TestUtilities.Processes;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>Makes pairs over TLS with lanes, all of which are there when the pair is given out.</summary>
/// <param name="max">The most lanes.</param>
/// <param name="kept">How many are there from the beginning; by default all.</param>
public sealed class TlsLanePairFactory(int max, int? kept = null) : ITunnelPairFactory
{
    private readonly int _kept = kept ?? max;

    internal TimeSpan QuietTime { get; init; } = LaneOptions.None.QuietTime;

    /// <summary>How long both ends keep what is open.</summary>
    internal TimeSpan ResumeGrace { get; init; }

    /// <summary>The hub's answer to a lane; null joins it.</summary>
    internal Func<ITunnel, ITunnel, LaneHello, bool>? Join { get; set; }

    public async Task<TunnelPair> CreateAsync(TestHub hub, TestEdge edge, FlowControlOptions? flow = null, uint numbersUsed = 0)
    {
        var lanes = new LaneOptions { Max = max, Kept = _kept, QuietTime = QuietTime };
        var hubContext = new TransportContext(
            flow ?? new FlowControlOptions(), TimeProvider.System, NullLoggerFactory.Instance)
        { Lanes = lanes, ResumeGrace = ResumeGrace };
        var edgeContext = new TransportContext(flow ?? new FlowControlOptions(), TimeProvider.System, NullLoggerFactory.Instance)
        {
            Lanes = lanes,
            NumbersUsed = numbersUsed,
            ResumeGrace = ResumeGrace,
        };
        hub.Context = hubContext;

        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(8);
        var accepting = TlsPairFactory.AcceptAsync(listener, hubContext, hub);
        var result = await new TlsTunnelDialer(edgeContext).DialAsync(
            TlsPairFactory.Request((IPEndPoint)listener.LocalEndPoint!, edge), CancellationToken.None);
        Assert.Null(result.Failure);
        var hubTunnel = await accepting;
        hubTunnel.Start();
        _ = AcceptLanesAsync(listener, hubContext, hub, hubTunnel);
        result.Tunnel!.Start();
        await Eventually.IsTrueAsync(
            () => hubTunnel.Lanes >= _kept && result.Tunnel.Lanes >= _kept, "the lanes",
            explain: () => $"the hub has {hubTunnel.Lanes} of {_kept}, the edge {result.Tunnel.Lanes}");
        return new TunnelPair(hubTunnel, result.Tunnel, hubContext, edgeContext);
    }

    private async Task AcceptLanesAsync(Socket listener, TransportContext context, TestHub hub, ITunnel tunnel)
    {
        _ = tunnel.Completion.ContinueWith(_ => listener.Dispose(), TaskScheduler.Default);
        try
        {
            for (var lane = 2; ; lane++)
            {
                var handler = new LaneOfHub(hub, tunnel, Join ?? ((all, connection, hello) => all.TryJoin(hello.Index, connection)));
                try
                {
                    (await TlsPairFactory.AcceptAsync(listener, context, handler, $"tunnel-{lane}")).Start();
                }
                catch (Exception e) when (e is IOException or AuthenticationException)
                {
                    // The edge has given up this connection, and makes another one.
                }
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // The tunnel has ended.
        }
    }

    /// <summary>Joins the connection when it says which lane it is; its streams are the hub's.</summary>
    private sealed class LaneOfHub(IHubTunnelHandler hub, ITunnel tunnel, Func<ITunnel, ITunnel, LaneHello, bool> join) : IHubTunnelHandler
    {
        public void OnHello(ITunnel lane, Hello hello)
        {
            Assert.Equal("tunnel-1", hello.Lane!.TunnelId);
            if (join(tunnel, lane, hello.Lane))
                return;
            lane.SendGoAway("laneRefused");
            _ = lane.CloseAsync(new TunnelEnd(TunnelEndKind.Closed, "refused"));
        }

        public bool OnLost(ITunnel lane, TunnelEnd cause) => hub.OnLost(lane, cause);

        public void OnReport(ITunnel lane, Report report) => Assert.Fail("a report goes on the first lane");

        public void OnGoAway(ITunnel lane, GoAway goAway)
        {
        }

        public void OnStreamOpened(ITunnel lane, ITunnelStream stream, in StreamOpening opening) =>
            hub.OnStreamOpened(tunnel, stream, opening);

        public IDatagramSink? OnSessionOpened(ITunnel lane, ITunnelSession session, in StreamOpening opening) =>
            hub.OnSessionOpened(tunnel, session, opening);
    }
}
