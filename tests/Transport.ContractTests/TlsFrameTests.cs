using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>A tunnel over TLS refuses frames that a proper peer does not send (protocol.md section 3).</summary>
public sealed class TlsFrameTests
{
    private static readonly byte[] Line = ScriptedPeer.OpenLine;

    /// <summary>The frames that follow HELLO, OPEN 1, OPEN 3 with CLOSE 3, and UDP_OPEN 4.</summary>
    public static TheoryData<string, byte[]> FaultsOfAnEdge => new()
    {
        { "unknown frame (0x10) on stream 1", ScriptedPeer.Frame(1, (FrameType)0x10) },
        { "unknown frame (0x00) on stream 0", ScriptedPeer.Frame(0, 0) },
        { "DataBack (0x04) on stream 1, 1 bytes: wrong direction", ScriptedPeer.Frame(1, FrameType.DataBack, new byte[1]) },
        { "CloseBack (0x05) on stream 1", ScriptedPeer.Frame(1, FrameType.CloseBack) },
        { "Config (0x06) on stream 0", ScriptedPeer.Frame(0, FrameType.Config, "{}"u8) },
        { "Ping (0x07) on stream 0", ScriptedPeer.Frame(0, FrameType.Ping) },
        { "WindowUpdateBack (0x0A) on stream 1", ScriptedPeer.Frame(1, FrameType.WindowUpdateBack, new byte[4]) },
        { "UdpDataBack (0x0D) on stream 4", ScriptedPeer.Frame(4, FrameType.UdpDataBack, new byte[1]) },
        { "Data (0x02) on stream 1, 65537 bytes: longer", ScriptedPeer.Header(1, FrameType.Data, (64 << 10) + 1) },
        { "Data (0x02) on stream 5, 1 bytes: stream was never opened", ScriptedPeer.Frame(5, FrameType.Data, new byte[1]) },
        { "Data (0x02) on stream 0", ScriptedPeer.Frame(0, FrameType.Data, new byte[1]) },
        { "Data (0x02) on stream 3, 1 bytes: DATA after CLOSE", ScriptedPeer.Frame(3, FrameType.Data, new byte[1]) },
        {
            "Data (0x02) on stream 1, 1 bytes: DATA beyond the credit",
            [.. ScriptedPeer.Frame(1, FrameType.Data, new byte[64 << 10]), .. ScriptedPeer.Frame(1, FrameType.Data, new byte[1])]
        },
        { "Close (0x03) on stream 3, 0 bytes: second CLOSE", ScriptedPeer.Frame(3, FrameType.Close) },
        { "Close (0x03) on stream 1, 1 bytes", ScriptedPeer.Frame(1, FrameType.Close, new byte[1]) },
        { "Close (0x03) on stream 9", ScriptedPeer.Frame(9, FrameType.Close) },
        { "Open (0x01) on stream 1, 47 bytes: id was used already", ScriptedPeer.Frame(1, FrameType.Open, Line) },
        { "Open (0x01) on stream 2, 47 bytes: id was used already", ScriptedPeer.Frame(2, FrameType.Open, Line) },
        { "Open (0x01) on stream 0", ScriptedPeer.Frame(0, FrameType.Open, Line) },
        { "Open (0x01) on stream 5", ScriptedPeer.Frame(5, FrameType.Open, "PROXY\r\n"u8) },
        { "Open (0x01) on stream 5, 129 bytes: longer", ScriptedPeer.Header(5, FrameType.Open, 129) },
        { "WindowUpdate (0x09) on stream 1, 3 bytes", ScriptedPeer.Frame(1, FrameType.WindowUpdate, new byte[3]) },
        {
            "WindowUpdate (0x09) on stream 1, 4 bytes: credit beyond",
            ScriptedPeer.Frame(1, FrameType.WindowUpdate, ScriptedPeer.Credit(uint.MaxValue))
        },
        { "WindowUpdate (0x09) on stream 7", ScriptedPeer.Frame(7, FrameType.WindowUpdate, ScriptedPeer.Credit(1)) },
        { "Reset (0x0F) on stream 1, 0 bytes", ScriptedPeer.Frame(1, FrameType.Reset) },
        { "Reset (0x0F) on stream 5", ScriptedPeer.Frame(5, FrameType.Reset, new byte[1]) },
        { "UdpOpen (0x0B) on stream 4", ScriptedPeer.Frame(4, FrameType.UdpOpen, UdpHeader) },
        { "UdpOpen (0x0B) on stream 5", ScriptedPeer.Frame(5, FrameType.UdpOpen, "nonsense"u8) },
        { "UdpOpen (0x0B) on stream 5, 537 bytes: longer", ScriptedPeer.Header(5, FrameType.UdpOpen, 537) },
        { "UdpData (0x0C) on stream 5", ScriptedPeer.Frame(5, FrameType.UdpData, new byte[1]) },
        { "UdpData (0x0C) on stream 4, 65508 bytes: longer", ScriptedPeer.Header(4, FrameType.UdpData, 65_508) },
        { "UdpClose (0x0E) on stream 5", ScriptedPeer.Frame(5, FrameType.UdpClose) },
        { "Hello (0x20) on stream 0", ScriptedPeer.Frame(0, FrameType.Hello, ScriptedPeer.Hello) },
        { "Report (0x21) on stream 0", ScriptedPeer.Frame(0, FrameType.Report, "["u8) },
        { "Report (0x21) on stream 0, 65537 bytes: longer", ScriptedPeer.Header(0, FrameType.Report, (64 << 10) + 1) },
        {
            "Report (0x21) on stream 0",
            [
                .. Enumerable.Range(0, 30).SelectMany(
                    static _ => ScriptedPeer.Frame(0, FrameType.Report, """{"kind":"configApplied","rev":1}"""u8))]
        },
        { "GoAway (0x22) on stream 1", ScriptedPeer.Frame(1, FrameType.GoAway, """{"reason":"x"}"""u8) },
        { "GoAway (0x22) on stream 0", ScriptedPeer.Frame(0, FrameType.GoAway, "x"u8) },
        { "Pong (0x08) on stream 0, 1025 bytes: longer", ScriptedPeer.Header(0, FrameType.Pong, 1025) },
        { "(0x7F) on stream 0, 4194305 bytes: longer", ScriptedPeer.Header(0, (FrameType)0x7F, (4 << 20) + 1) },
    };

    /// <summary>The faults of the very first bytes.</summary>
    public static TheoryData<string, byte[]> FaultsAtTheStart => new()
    {
        {
            "Hello (0x20) on stream 0",
            [.. ScriptedPeer.Frame(1, FrameType.Open, Line), .. ScriptedPeer.Frame(0, FrameType.Hello, ScriptedPeer.Hello)]
        },
        { "Hello (0x20) on stream 0", ScriptedPeer.Frame(0, FrameType.Hello, "{"u8) },
        { "Hello (0x20) on stream 0", ScriptedPeer.Frame(0, FrameType.Hello, """{"maxFrame":100}"""u8) },
        { "Hello (0x20) on stream 0, 65537 bytes: longer", ScriptedPeer.Header(0, FrameType.Hello, (64 << 10) + 1) },
        {
            "Report (0x21) on stream 0, 32 bytes: REPORT before HELLO",
            ScriptedPeer.Frame(0, FrameType.Report, """{"kind":"configApplied","rev":1}"""u8)
        },
        {
            "Reset (0x0F) on stream 1, 1 bytes: extension 'reset' is not agreed",
            [.. ScriptedPeer.Frame(1, FrameType.Open, Line), .. ScriptedPeer.Frame(1, FrameType.Reset, new byte[1])]
        },
        {
            "Data (0x02) on stream 1, 1048577 bytes: longer",
            [.. ScriptedPeer.Frame(1, FrameType.Open, Line), .. ScriptedPeer.Header(1, FrameType.Data, (1 << 20) + 1)]
        },
    };

    /// <summary>The faults that our edge meets, which has opened stream 1.</summary>
    public static TheoryData<string, byte[]> FaultsOfAHub => new()
    {
        { "Open (0x01) on stream 2, 47 bytes: wrong direction", ScriptedPeer.Frame(2, FrameType.Open, Line) },
        { "Data (0x02) on stream 1", ScriptedPeer.Frame(1, FrameType.Data, new byte[1]) },
        { "Close (0x03) on stream 1", ScriptedPeer.Frame(1, FrameType.Close) },
        { "Pong (0x08) on stream 0", ScriptedPeer.Frame(0, FrameType.Pong) },
        { "WindowUpdate (0x09) on stream 1", ScriptedPeer.Frame(1, FrameType.WindowUpdate, new byte[4]) },
        { "UdpOpen (0x0B) on stream 2", ScriptedPeer.Frame(2, FrameType.UdpOpen, UdpHeader) },
        { "UdpData (0x0C) on stream 1", ScriptedPeer.Frame(1, FrameType.UdpData, new byte[1]) },
        { "Hello (0x20) on stream 0", ScriptedPeer.Frame(0, FrameType.Hello, ScriptedPeer.Hello) },
        { "Report (0x21) on stream 0", ScriptedPeer.Frame(0, FrameType.Report, "{}"u8) },
        { "DataBack (0x04) on stream 2, 1 bytes: stream was never opened", ScriptedPeer.Frame(2, FrameType.DataBack, new byte[1]) },
        { "DataBack (0x04) on stream 1, 65537 bytes: longer", ScriptedPeer.Header(1, FrameType.DataBack, (64 << 10) + 1) },
        { "UdpDataBack (0x0D) on stream 1, 1 bytes: session was never opened", ScriptedPeer.Frame(1, FrameType.UdpDataBack, new byte[1]) },
        {
            "CloseBack (0x05) on stream 1, 0 bytes: second CLOSE",
            [.. ScriptedPeer.Frame(1, FrameType.CloseBack), .. ScriptedPeer.Frame(1, FrameType.CloseBack)]
        },
        { "Config (0x06) on stream 0", ScriptedPeer.Frame(0, FrameType.Config, "{"u8) },
        { "Config (0x06) on stream 1", ScriptedPeer.Frame(1, FrameType.Config, "{}"u8) },
        { "Config (0x06) on stream 0, 4194305 bytes: longer", ScriptedPeer.Header(0, FrameType.Config, (4 << 20) + 1) },
        { "Ping (0x07) on stream 0, 1025 bytes: longer", ScriptedPeer.Header(0, FrameType.Ping, 1025) },
    };

    // This is a PROXY v2 header of DGRAM over IPv4.
    private static byte[] UdpHeader =>
        [
            0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x12, 0, 12, 203, 0, 113, 9, 198, 51, 100, 1,
            0xC3, 0x50, 0, 53];

    [Theory]
    [MemberData(nameof(FaultsOfAnEdge))]
    public async Task A_fault_of_an_edge_ends_the_tunnel_and_is_named(string expected, byte[] bytes)
    {
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(NewContext(), new ScriptedHubHandler { Sink = new NullSink() });
        await edge.SendAsync(
            ScriptedPeer.Frame(0, FrameType.Hello, ScriptedPeer.Hello),
            ScriptedPeer.Frame(1, FrameType.Open, Line),
            ScriptedPeer.Frame(3, FrameType.Open, Line),
            ScriptedPeer.Frame(3, FrameType.Close),
            ScriptedPeer.Frame(4, FrameType.UdpOpen, UdpHeader),
            bytes);

        await AssertFaultAsync(hub, expected);
        await edge.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(FaultsAtTheStart))]
    public async Task A_fault_at_the_start_ends_the_tunnel_and_is_named(string expected, byte[] bytes)
    {
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(NewContext(), new ScriptedHubHandler());
        await edge.SendAsync(bytes);

        await AssertFaultAsync(hub, expected);
        await edge.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(FaultsOfAHub))]
    public async Task A_fault_of_a_hub_ends_the_tunnel_and_is_named(string expected, byte[] bytes)
    {
        var (edge, hub) = await ScriptedPeer.AcceptEdgeAsync(NewContext(), new TestEdge(), extended: true);
        Assert.NotNull(edge.OpenStream(default, new FakeEndpoint(), null));
        await hub.ReadUntilAsync(1, FrameType.Open);
        await hub.SendAsync(bytes);

        await AssertFaultAsync(edge, expected);
        await hub.DisposeAsync();
    }

    [Fact]
    public async Task Late_frames_are_dropped_and_unknown_extensions_skipped()
    {
        var handler = new ScriptedHubHandler();
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(NewContext(), handler);
        await edge.SendAsync(
            ScriptedPeer.Frame(0, FrameType.Hello, ScriptedPeer.Hello),
            ScriptedPeer.Frame(1, FrameType.Open, Line),
            ScriptedPeer.Frame(1, FrameType.Reset, new byte[] { 77 }),
            ScriptedPeer.Frame(1, FrameType.Data, new byte[5000]),
            ScriptedPeer.Frame(1, FrameType.WindowUpdate, ScriptedPeer.Credit(9)),
            ScriptedPeer.Frame(1, FrameType.Close),
            ScriptedPeer.Frame(1, FrameType.Reset, new byte[1]),
            ScriptedPeer.Frame(0, (FrameType)0x23, new byte[300_000]),
            ScriptedPeer.Frame(77, (FrameType)0xFF),
            ScriptedPeer.Frame(6, FrameType.UdpOpen, UdpHeader),
            ScriptedPeer.Frame(6, FrameType.UdpData, new byte[10]),
            ScriptedPeer.Frame(6, FrameType.UdpClose),
            ScriptedPeer.Frame(7, FrameType.Open, Line));

        Assert.Equal(1u, (await handler.NextStreamAsync()).Id);
        Assert.Equal(7u, (await handler.NextStreamAsync()).Id);
        Assert.False(hub.Completion.IsCompleted);
        Assert.Equal(1, hub.ActiveStreams);
        await edge.DisposeAsync();
        await hub.Completion.WaitAsync(SocketHelpers.Hang);
        Assert.Equal(0, hub.ActiveStreams);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(40_000)]
    public async Task It_does_not_matter_how_the_bytes_are_cut(int longest)
    {
        var endpoint = new FakeEndpoint();
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(
            NewContext(), new ScriptedHubHandler { OnStream = stream => stream.Attach(endpoint) });
        var random = new Random(longest);
        var data = new byte[Math.Min(longest * 1000, 60_000)];
        random.NextBytes(data);
        List<byte> bytes = [.. ScriptedPeer.Frame(0, FrameType.Hello, ScriptedPeer.Hello), .. ScriptedPeer.Frame(1, FrameType.Open, Line)];
        for (var sent = 0; sent < data.Length;)
        {
            var size = Math.Min(random.Next(0, longest * 3), data.Length - sent);
            bytes.AddRange(ScriptedPeer.Frame(1, FrameType.Data, data.AsSpan(sent, size)));
            sent += size;
        }

        bytes.AddRange(ScriptedPeer.Frame(1, FrameType.Close));
        await edge.DribbleAsync([.. bytes], () => random.Next(1, longest + 1));

        Assert.True(await endpoint.Ended.Task.WaitAsync(SocketHelpers.Hang));
        Assert.Equal(data, endpoint.Received);
        await edge.DisposeAsync();
        await hub.Completion.WaitAsync(SocketHelpers.Hang);
    }

    [Fact]
    public async Task Garbage_never_is_an_internal_error()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var context = NewContext();
            var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(
                context, new ScriptedHubHandler { OnStream = static stream => stream.Attach(new FakeEndpoint()) });
            var random = new Random(seed);
            var garbage = new byte[20_000];
            random.NextBytes(garbage);

            // Half of the inputs begin like frames, to get further in.
            if (seed % 2 == 0)
            {
                for (var i = 0; i + 9 < 2000; i += 9)
                {
                    ScriptedPeer.Header((uint)random.Next(0, 4), (FrameType)random.Next(1, 0x28), (uint)random.Next(0, 30)).CopyTo(
                        garbage, i);
                }

                ScriptedPeer.Frame(1, FrameType.Open, Line).CopyTo(garbage, 0);
            }

            await edge.SendAsync(garbage);
            await edge.DisposeAsync();

            var end = await hub.Completion.WaitAsync(SocketHelpers.Hang);
            Assert.DoesNotContain("internal", end.Detail, StringComparison.Ordinal);
            Assert.Equal((0, 0L), (hub.ActiveStreams, context.Flow.Budget.Used));
        }
    }

    [Fact]
    public async Task A_ping_is_answered_with_its_payload()
    {
        var (edge, hub) = await ScriptedPeer.AcceptEdgeAsync(NewContext(), new TestEdge(), extended: true);
        await hub.ExpectAsync(0, FrameType.Hello);
        foreach (var payload in new[] { "12345678"u8.ToArray(), [], new byte[1024] })
        {
            await hub.SendAsync(ScriptedPeer.Frame(0, FrameType.Ping, payload));
            Assert.Equal(payload, await hub.ExpectAsync(0, FrameType.Pong));
        }

        await hub.DisposeAsync();
        Assert.Equal(TunnelEndKind.PeerClosed, (await edge.Completion.WaitAsync(SocketHelpers.Hang)).Kind);
    }

    [Fact]
    public async Task A_peer_that_falls_silent_is_given_up_after_45_seconds()
    {
        var time = new ManualTimeProvider();
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(
            new TransportContext(new FlowControlOptions(), time, NullLoggerFactory.Instance), new ScriptedHubHandler());
        for (var second = 0; second < 45; second++)
            time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(hub.Completion.IsCompleted);

        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(TunnelEndKind.Timeout, (await hub.Completion.WaitAsync(SocketHelpers.Hang)).Kind);
        await edge.DisposeAsync();
    }

    private static TransportContext NewContext() => new(new FlowControlOptions(), new ManualTimeProvider(), NullLoggerFactory.Instance);

    private static async Task AssertFaultAsync(ITunnel tunnel, string expected)
    {
        var end = await tunnel.Completion.WaitAsync(SocketHelpers.Hang);
        Assert.Equal(TunnelEndKind.ProtocolError, end.Kind);
        Assert.Contains(expected, end.Detail, StringComparison.Ordinal);
        Assert.Equal(0, tunnel.ActiveStreams);
    }
}
