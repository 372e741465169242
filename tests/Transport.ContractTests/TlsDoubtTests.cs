using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>PROBE (protocol.md section 3, Liveness) works at both ends.</summary>
public sealed class TlsDoubtTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly TransportContext _context;

    public TlsDoubtTests() => _context = new TransportContext(new FlowControlOptions(), _time, NullLoggerFactory.Instance);

    [Fact]
    public async Task A_hub_answers_a_probe_by_a_ping_at_once()
    {
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(_context, new ScriptedHubHandler());
        await using var hubTunnel = hub;
        await using var peer = edge;
        await edge.SendAsync(ScriptedPeer.Frame(0, FrameType.Hello, ScriptedPeer.Hello), ScriptedPeer.Frame(0, FrameType.Probe));
        await edge.ReadUntilAsync(0, FrameType.Ping);
    }

    [Fact]
    public async Task An_edge_that_hears_nothing_asks_doubts_and_believes_again()
    {
        var (edge, hub) = await ScriptedPeer.AcceptEdgeAsync(_context, new TestEdge(), extended: true);
        await using var edgeTunnel = edge;
        await using var peer = hub;
        await hub.ExpectAsync(0, FrameType.Hello);

        _time.Advance(TimeSpan.FromSeconds(18));
        await hub.ReadUntilAsync(0, FrameType.Probe);
        Assert.False(edge.IsInDoubt);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.True(edge.IsInDoubt);

        await hub.SendAsync(ScriptedPeer.Frame(0, FrameType.Ping, new byte[8]));
        await hub.ReadUntilAsync(0, FrameType.Pong);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(edge.IsInDoubt);
    }

    [Fact]
    public async Task A_hub_that_dials_hears_nothing_asks_doubts_and_believes_again()
    {
        var handler = new ScriptedHubHandler { WatchesEdge = true };
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(_context, handler);
        await using var hubTunnel = hub;
        await using var peer = edge;
        await edge.SendAsync(ScriptedPeer.Frame(0, FrameType.Hello, ScriptedPeer.Hello));
        await handler.Introduced.Task.WaitAsync(SocketHelpers.Hang);
        foreach (var seconds in (int[])[1, 15])
        {
            _time.Advance(TimeSpan.FromSeconds(seconds));
            await edge.ReadUntilAsync(0, FrameType.Ping);
        }

        // The time is before the next PING is due.
        _time.Advance(TimeSpan.FromSeconds(4));
        await edge.ReadUntilAsync(0, FrameType.Ping);
        Assert.False(hub.IsInDoubt);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.True(hub.IsInDoubt);

        await edge.SendAsync(ScriptedPeer.Frame(0, FrameType.Pong, new byte[8]), ScriptedPeer.Frame(0, FrameType.Probe));
        await edge.ReadUntilAsync(0, FrameType.Ping);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(hub.IsInDoubt);
    }

    [Fact]
    public async Task A_hub_that_is_dialled_leaves_doubt_to_its_edge()
    {
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(_context, new ScriptedHubHandler());
        await using var hubTunnel = hub;
        await using var peer = edge;
        _time.Advance(TimeSpan.FromSeconds(40));
        Assert.False(hub.IsInDoubt);
    }

    [Fact]
    public async Task A_hub_without_the_extension_is_not_asked()
    {
        var (edge, hub) = await ScriptedPeer.AcceptEdgeAsync(_context, new TestEdge(), extended: false);
        await using var edgeTunnel = edge;
        await using var peer = hub;
        _time.Advance(TimeSpan.FromSeconds(40));
        Assert.False(edge.IsInDoubt);
        await hub.SendAsync(ScriptedPeer.Frame(0, FrameType.Ping));
        await hub.ExpectAsync(0, FrameType.Pong);
    }
}
