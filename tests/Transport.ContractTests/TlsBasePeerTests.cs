using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>Peers that know no extension must never see one (protocol.md, "base").</summary>
public sealed class TlsBasePeerTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly TransportContext _context;
    private readonly TestHub _hub;

    public TlsBasePeerTests()
    {
        _context = new TransportContext(new FlowControlOptions(), _time, NullLoggerFactory.Instance);
        _hub = new TestHub { Context = _context };
    }

    public void Dispose() => _hub.Dispose();

    [Fact]
    public async Task A_base_edge_has_its_data_carried_both_ways()
    {
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(_context, _hub);
        var data = RandomNumberGenerator.GetBytes(1 << 20);
        await edge.SendAsync(
            ScriptedPeer.Frame(1, FrameType.Open, ScriptedPeer.OpenLine), ScriptedPeer.Frame(1, FrameType.Data, data),
            ScriptedPeer.Frame(1, FrameType.Close));
        using var upstream = await _hub.AcceptAsync();
        Assert.Equal(data, await upstream.ReadToEndAsync());
        Assert.Null(_hub.Opened.Single().ListeningPort);

        await upstream.SendAllAsync("answer"u8.ToArray());
        upstream.Shutdown(SocketShutdown.Send);
        var answer = new List<byte>();
        await edge.ReadUntilAsync(1, FrameType.CloseBack, (header, payload) =>
        {
            Assert.Contains(header.Type, new[] { FrameType.DataBack, FrameType.WindowUpdateBack });
            if (header.Type == FrameType.DataBack)
                answer.AddRange(payload);
        });

        Assert.Equal("answer"u8.ToArray(), answer);
        await hub.WaitForStreamsAsync(CancellationToken.None).WaitAsync(SocketHelpers.Hang);
        await edge.DisposeAsync();
    }

    [Fact]
    public async Task An_abort_towards_a_base_edge_is_CLOSE_BACK_and_its_data_is_dropped_and_credited()
    {
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(_context, _hub);
        await edge.SendAsync(ScriptedPeer.Frame(1, FrameType.Open, ScriptedPeer.OpenLine));
        using (var upstream = await _hub.AcceptAsync())
            upstream.Abort();
        await edge.ExpectAsync(1, FrameType.CloseBack);
        await hub.WaitForStreamsAsync(CancellationToken.None).WaitAsync(SocketHelpers.Hang);

        // The peer goes on for three windows, on the credit that it gets.
        long credit = 4 << 20;
        for (var sent = 0; sent < 12 << 20; sent += 256 << 10)
        {
            while (credit < 256 << 10)
            {
                credit += BinaryPrimitives.ReadUInt32BigEndian(await edge.ExpectAsync(1, FrameType.WindowUpdateBack));
            }

            await edge.SendAsync(ScriptedPeer.Frame(1, FrameType.Data, new byte[256 << 10]));
            credit -= 256 << 10;
        }

        Assert.Equal(0, _context.Flow.Budget.Used);
        await edge.SendAsync(
            ScriptedPeer.Frame(1, FrameType.Close), ScriptedPeer.Frame(1, FrameType.Data, new byte[1 << 20]),
            ScriptedPeer.Frame(2, FrameType.Open, ScriptedPeer.OpenLine));
        using var next = await _hub.AcceptAsync();
        Assert.False(hub.Completion.IsCompleted);
        await edge.DisposeAsync();
    }

    [Fact]
    public async Task A_base_edge_that_does_not_close_what_was_aborted_is_forgotten_after_30_seconds()
    {
        _hub.Refuse = Tunnel.Shared.Protocol.ResetReason.Policy;
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(_context, _hub);
        await edge.SendAsync(ScriptedPeer.Frame(1, FrameType.Open, ScriptedPeer.OpenLine));
        await edge.ExpectAsync(1, FrameType.CloseBack);
        for (var i = 0; i < 62; i++)
            _time.Advance(TimeSpan.FromMilliseconds(500));

        // The peer gets no credit any more: seven windows would be far beyond it, were they not late.
        for (var i = 0; i < 28; i++)
            await edge.SendAsync(ScriptedPeer.Frame(1, FrameType.Data, new byte[1 << 20]));
        await edge.SendAsync(ScriptedPeer.Frame(2, FrameType.Open, ScriptedPeer.OpenLine));
        await edge.ReadUntilAsync(2, FrameType.CloseBack, static (header, _) => Assert.Equal(FrameType.Ping, header.Type));
        Assert.False(hub.Completion.IsCompleted);
        await edge.DisposeAsync();
    }

    [Fact]
    public async Task A_base_edge_sees_only_base_frames_of_the_tunnel_itself()
    {
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(_context, new ScriptedHubHandler());
        hub.SendGoAway(GoAway.Shutdown);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(await edge.ExpectAsync(0, FrameType.Ping));
        hub.SendConfig(new TunnelConfig { ListenPorts = [80] });
        await edge.ExpectAsync(0, FrameType.Config);
        var probing = hub.ProbeAsync(SocketHelpers.Hang, CancellationToken.None);
        Assert.Empty(await edge.ExpectAsync(0, FrameType.Ping));

        await edge.SendAsync(ScriptedPeer.Frame(0, FrameType.Pong, "whatever"u8));

        Assert.True(await probing.WaitAsync(SocketHelpers.Hang));
        Assert.Equal(TunnelFeatures.None, hub.Features);
        await edge.DisposeAsync();
    }

    [Fact]
    public async Task Our_edge_speaks_base_to_a_base_hub()
    {
        var (edge, hub) = await ScriptedPeer.AcceptEdgeAsync(_context, new TestEdge(), extended: false);
        edge.SendReport(new Report { Kind = Report.ConfigApplied, Rev = 1 });
        edge.SendGoAway("not for base");
        await hub.SendAsync(ScriptedPeer.Frame(0, FrameType.Ping));
        Assert.Empty(await hub.ExpectAsync(0, FrameType.Pong));
        await hub.DisposeAsync();
        await edge.Completion.WaitAsync(SocketHelpers.Hang);
    }

    [Fact]
    public async Task Streams_of_our_edge_are_base_with_a_base_hub()
    {
        var (edge, hub) = await ScriptedPeer.AcceptEdgeAsync(_context, new TestEdge(), extended: false);
        var (client, _) = await TestEdge.ConnectAsync(new TunnelPair(edge, edge, _context, _context));
        var line = await hub.ExpectAsync(1, FrameType.Open);
        Assert.DoesNotContain("PORT"u8.ToArray(), Windows(line, 4));
        await client.SendAllAsync("question"u8.ToArray());
        Assert.Equal("question"u8.ToArray(), await hub.ExpectAsync(1, FrameType.Data));

        // This is the largest frame that the base protocol allows, and the whole window.
        var answer = RandomNumberGenerator.GetBytes(4 << 20);
        for (var i = 0; i < 4; i++)
            await hub.SendAsync(ScriptedPeer.Frame(1, FrameType.DataBack, answer.AsSpan(i << 20, 1 << 20)));
        await hub.SendAsync(ScriptedPeer.Frame(1, FrameType.CloseBack));
        Assert.Equal(answer, await client.ReadToEndAsync());
        client.Shutdown(SocketShutdown.Send);
        await hub.ReadUntilAsync(1, FrameType.Close, static (header, _) => Assert.Equal(FrameType.WindowUpdate, header.Type));
        await edge.WaitForStreamsAsync(CancellationToken.None).WaitAsync(SocketHelpers.Hang);

        var (second, _) = await TestEdge.ConnectAsync(new TunnelPair(edge, edge, _context, _context));
        await hub.ReadUntilAsync(2, FrameType.Open);
        second.Abort();
        await hub.ExpectAsync(2, FrameType.Close);
        await hub.DisposeAsync();
        client.Dispose();
    }

    private static IEnumerable<byte[]> Windows(byte[] bytes, int size) =>
        Enumerable.Range(0, bytes.Length - size + 1).Select(i => bytes[i..(i + size)]);
}
