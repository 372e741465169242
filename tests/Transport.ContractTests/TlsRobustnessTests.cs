using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;
using TransportContext = Tunnel.Shared.Transport.TransportContext;

namespace Tunnel.Transport.ContractTests;

/// <summary>The mux stands races that a slow test does not meet, and peers that mean harm.</summary>
public sealed class TlsRobustnessTests
{
    private static readonly byte[] Line = ScriptedPeer.OpenLine;

    [Fact]
    public async Task Data_that_comes_while_the_endpoint_is_attached_is_neither_lost_nor_overtaken()
    {
        const int Streams = 3000;
        var endpoints = new FakeEndpoint[Streams + 1];
        var handler = new ScriptedHubHandler
        {
            OnStream = stream => ThreadPool.UnsafeQueueUserWorkItem(_ => stream.Attach(endpoints[stream.Id]), null),
        };
        var (_, edge) = await ExtendedEdgeAsync(NewContext(), handler);
        for (uint id = 1; id <= Streams; id++)
        {
            endpoints[id] = new FakeEndpoint();
            List<byte> bytes = [.. ScriptedPeer.Frame(id, FrameType.Open, Line)];
            for (byte i = 0; i < 20; i++)
                bytes.AddRange(ScriptedPeer.Frame(id, FrameType.Data, [i]));
            await edge.SendAsync([.. bytes], ScriptedPeer.Frame(id, FrameType.Close));
        }

        var expected = Enumerable.Range(0, 20).Select(static i => (byte)i).ToArray();
        for (var id = 1; id <= Streams; id++)
        {
            Assert.True(await endpoints[id].Ended.Task.WaitAsync(SocketHelpers.Hang));
            Assert.Equal(expected, endpoints[id].Received);
        }

        await edge.DisposeAsync();
    }

    /// <summary>The goodbye is made while the peer's bytes are being decrypted.</summary>
    [Fact]
    public async Task A_tunnel_that_is_closed_under_a_flood_of_uploads_ends()
    {
        for (var i = 0; i < 300; i++)
        {
            using var hub = new TestHub();
            var pair = await new TlsPairFactory().CreateAsync(hub, new TestEdge());
            var (client, _) = await TestEdge.ConnectAsync(pair);
            var flood = FloodAsync(client);
            var drain = (await hub.AcceptAsync()).ReadToAnyEndAsync();

            await pair.Hub.CloseAsync(new TunnelEnd(TunnelEndKind.Closed, "test")).WaitAsync(SocketHelpers.Hang);

            Assert.Equal(TunnelEndKind.Closed, (await pair.Hub.Completion.WaitAsync(SocketHelpers.Hang)).Kind);
            await flood;
            await drain;
            await pair.DisposeAsync();
        }
    }

    [Fact]
    public async Task What_comes_together_with_the_end_of_the_connection_is_not_lost()
    {
        const int Streams = 500;
        var opened = 0;
        var handler = new ScriptedHubHandler { OnStream = _ => opened++ };
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(NewContext(), handler, async edge =>
        {
            await edge.SendAsync([.. Enumerable.Range(1, Streams).Select(static id => ScriptedPeer.Frame((uint)id, FrameType.Open, Line))]);
            await edge.CloseAsync();
        });

        await hub.Completion.WaitAsync(SocketHelpers.Hang);
        Assert.Equal(Streams, opened);
        await edge.DisposeAsync();
    }

    [Fact]
    public async Task Data_that_comes_while_a_drain_ends_is_neither_lost_nor_overtaken()
    {
        const int Batch = 500;
        const int Count = 400 * Batch;
        var endpoint = new FakeEndpoint { DirectWrite = 1 };
        var (_, edge) = await ExtendedEdgeAsync(NewContext(), new ScriptedHubHandler { OnStream = stream => stream.Attach(endpoint) });
        await edge.SendAsync(ScriptedPeer.Frame(1, FrameType.Open, Line));
        var returned = CountCredit(edge, 1);
        for (var i = 0; i < Count; i += Batch)
        {
            // A pause would let the drain end before the next data comes.
            var needed = ((i + Batch) * 4) - (64 << 10);
            await SocketHelpers.RepeatUntilAsync(
                async () => await Task.Yield(), () => returned() >= needed, () => $"{needed} bytes of credit, of which {returned()} came");
            await edge.SendAsync(
                [
                    .. Enumerable.Range(i, Batch).Select(static number =>
                        ScriptedPeer.Frame(1, FrameType.Data, BitConverter.GetBytes(IPAddress.HostToNetworkOrder(number))))]);
        }

        await edge.SendAsync(ScriptedPeer.Frame(1, FrameType.Close));
        Assert.True(await endpoint.Ended.Task.WaitAsync(SocketHelpers.Hang));
        var received = endpoint.Received;
        Assert.Equal(Count * 4, received.Length);
        for (var i = 0; i < Count; i++)
            Assert.Equal(i, BinaryPrimitives.ReadInt32BigEndian(received.AsSpan(i * 4)));
        await edge.DisposeAsync();
    }

    [Fact]
    public async Task A_reset_that_comes_while_the_endpoint_is_attached_reaches_it()
    {
        const int Streams = 5000;
        var endpoints = Enumerable.Range(0, Streams + 1).Select(static _ => new FakeEndpoint()).ToArray();
        var handler = new ScriptedHubHandler
        {
            OnStream = stream => ThreadPool.UnsafeQueueUserWorkItem(_ => stream.Attach(endpoints[stream.Id]), null),
        };
        var (_, edge) = await ExtendedEdgeAsync(NewContext(), handler);
        for (uint id = 1; id <= Streams; id++)
        {
            await edge.SendAsync(ScriptedPeer.Frame(id, FrameType.Open, Line), ScriptedPeer.Frame(id, FrameType.Reset, new byte[1]));
        }

        for (var id = 1; id <= Streams; id++)
            Assert.False(await endpoints[id].Ended.Task.WaitAsync(SocketHelpers.Hang));
        await edge.DisposeAsync();
    }

    [Fact]
    public async Task What_is_opened_after_the_end_is_not_served()
    {
        var handler = new ScriptedHubHandler { Sink = new NullSink() };
        var (hub, edge) = await ExtendedEdgeAsync(NewContext(), handler);
        await edge.SendAsync(ScriptedPeer.Frame(1, FrameType.Open, Line));
        await handler.NextStreamAsync();
        var closing = hub.CloseAsync(new TunnelEnd(TunnelEndKind.Revoked, "test"));
        while (await edge.ReadAsync() is not null)
        {
        }

        // The hub has said goodbye and waits for ours.
        await edge.SendAsync(ScriptedPeer.Frame(2, FrameType.Open, Line), ScriptedPeer.Frame(2, FrameType.Data, new byte[1000]));
        await edge.DisposeAsync();

        await closing.WaitAsync(SocketHelpers.Hang);
        Assert.Single(handler.Streams);
        Assert.Equal(0, hub.ActiveStreams);
    }

    [Fact]
    public async Task Waiting_for_streams_works_more_than_once()
    {
        var handler = new ScriptedHubHandler();
        var (hub, edge) = await ExtendedEdgeAsync(NewContext(), handler);
        for (uint id = 1; id <= 2; id++)
        {
            await edge.SendAsync(ScriptedPeer.Frame(id, FrameType.Open, Line));
            var stream = await handler.NextStreamAsync();
            var waiting = hub.WaitForStreamsAsync(CancellationToken.None);
            Assert.False(waiting.IsCompleted);
            stream.Reset(ResetReason.Policy);
            await waiting.WaitAsync(SocketHelpers.Hang);
        }

        await edge.DisposeAsync();
    }

    [Fact]
    public async Task A_window_does_not_grow_after_the_end_of_its_stream()
    {
        var context = NewContext();
        var gate = new TaskCompletionSource<bool>();
        var endpoint = new FakeEndpoint { DirectWrite = 0, Gate = gate };
        var ended = new EndNote();
        var (_, edge) = await ExtendedEdgeAsync(context, new ScriptedHubHandler
        {
            OnStream = stream =>
            {
                stream.Observer = ended;
                stream.Attach(endpoint);
            },
        });
        await edge.SendAsync(
            ScriptedPeer.Frame(1, FrameType.Open, Line), ScriptedPeer.Frame(1, FrameType.Data, new byte[64 << 10]),
            ScriptedPeer.Frame(1, FrameType.Reset, new byte[1]));
        Assert.Equal(StreamEndSide.Remote, (await ended.End.Task.WaitAsync(SocketHelpers.Hang)).Side);

        gate.SetResult(true);

        Assert.False(await endpoint.Ended.Task.WaitAsync(SocketHelpers.Hang));
        Assert.Equal(64 << 10, endpoint.Received.Length);
        Assert.Equal((0L, 0L), (context.Flow.Grown, context.Flow.Budget.Used));
        await edge.DisposeAsync();
    }

    [Fact]
    public async Task Memory_that_a_reset_stream_still_holds_can_be_taken_from_it()
    {
        var context = NewContext(new FlowControlOptions { MemoryBudget = 1 << 20 });
        var endpoints = Enumerable.Range(0, 60)
            .Select(static _ => new FakeEndpoint { DirectWrite = 0, Gate = new TaskCompletionSource<bool>() }).ToArray();
        var handler = new ScriptedHubHandler { OnStream = stream => stream.Attach(endpoints[stream.Id]) };
        var (hub, edge) = await ExtendedEdgeAsync(context, handler);

        // Fourteen streams only drain, to readers that take nothing; others that hold less come after them.
        for (uint id = 1; id <= 14; id++)
        {
            await edge.SendAsync(
                ScriptedPeer.Frame(id, FrameType.Open, Line), ScriptedPeer.Frame(id, FrameType.Data, new byte[64 << 10]),
                ScriptedPeer.Frame(id, FrameType.Reset, new byte[1]));
        }

        for (uint id = 15; id <= 40; id++)
            await edge.SendAsync(ScriptedPeer.Frame(id, FrameType.Open, Line), ScriptedPeer.Frame(id, FrameType.Data, new byte[16 << 10]));
        await edge.SendAsync(ScriptedPeer.Frame(41, FrameType.Open, Line));
        while ((await handler.NextStreamAsync()).Id < 41)
        {
        }

        Assert.Equal(27, hub.ActiveStreams);
        Assert.Contains(endpoints[1..15], static endpoint => endpoint.Ended.Task.IsCompleted);
        Assert.DoesNotContain(endpoints[15..], static endpoint => endpoint.Ended.Task.IsCompleted);
        await edge.DisposeAsync();
    }

    [Fact]
    public async Task Empty_datagrams_do_not_pile_up_behind_a_stalled_tunnel()
    {
        const int Empty = 200_000;
        var (edge, hub) = await ScriptedPeer.AcceptEdgeAsync(NewContext(), new TestEdge(), extended: true);
        var session = edge.OpenSession(default, new NullSink())!;
        for (var i = 0; i < 1000; i++)
            session.Send(new byte[60_000]);
        var before = edge.Counters.DatagramsDropped;

        for (var i = 0; i < Empty; i++)
            session.Send([]);

        Assert.InRange(edge.Counters.DatagramsDropped - before, Empty - 20_000, Empty);
        await hub.DisposeAsync();
        await edge.Completion.WaitAsync(SocketHelpers.Hang);
    }

    [Fact]
    public async Task Who_asks_for_a_streams_end_too_late_is_told_at_once()
    {
        var handler = new ScriptedHubHandler();
        var (hub, edge) = await ExtendedEdgeAsync(NewContext(), handler);
        await edge.SendAsync(ScriptedPeer.Frame(1, FrameType.Open, Line));
        var stream = await handler.NextStreamAsync();
        await edge.DisposeAsync();
        await hub.Completion.WaitAsync(SocketHelpers.Hang);

        var note = new EndNote();
        stream.Observer = note;

        Assert.Equal(StreamEndSide.Tunnel, (await note.End.Task.WaitAsync(SocketHelpers.Hang)).Side);
        Assert.Equal(1, note.Calls);
    }

    [Fact]
    public async Task An_observer_that_throws_does_not_keep_other_streams_open()
    {
        var endpoints = Enumerable.Range(0, 4).Select(static _ => new FakeEndpoint()).ToArray();
        var (hub, edge) = await ExtendedEdgeAsync(NewContext(), new ScriptedHubHandler
        {
            OnStream = stream =>
            {
                stream.Observer = new EndNote(static () => throw new InvalidOperationException("a bug of the owner"));
                stream.Attach(endpoints[stream.Id]);
            },
        });
        for (uint id = 1; id <= 3; id++)
            await edge.SendAsync(ScriptedPeer.Frame(id, FrameType.Open, Line));
        await edge.SendAsync(ScriptedPeer.Frame(3, FrameType.Reset, new byte[1]));
        await edge.DisposeAsync();

        Assert.Equal(TunnelEndKind.PeerClosed, (await hub.Completion.WaitAsync(SocketHelpers.Hang)).Kind);
        for (var id = 1; id <= 3; id++)
            Assert.False(await endpoints[id].Ended.Task.WaitAsync(SocketHelpers.Hang));
        Assert.Equal(0, hub.ActiveStreams);
    }

    [Fact]
    public async Task A_flood_of_opens_is_refused_one_by_one()
    {
        const int Count = 20_000;
        var (hub, edge) = await ExtendedEdgeAsync(
            NewContext(), new ScriptedHubHandler { OnStream = static stream => stream.Reset(ResetReason.Policy) });
        var reading = Task.Run(async () =>
        {
            for (uint id = 1; id <= Count; id++)
                Assert.Equal(new[] { (byte)ResetReason.Policy }, await edge.ExpectAsync(id, FrameType.Reset));
        });
        for (uint id = 1; id <= Count; id += 100)
            await edge.SendAsync([.. Enumerable.Range((int)id, 100).Select(static i => ScriptedPeer.Frame((uint)i, FrameType.Open, Line))]);

        await reading;
        Assert.Equal(0, hub.ActiveStreams);
        Assert.Equal(Count, hub.Counters.StreamsReset);
        await edge.DisposeAsync();
    }

    [Fact]
    public async Task A_second_goaway_is_not_news()
    {
        var time = new ManualTimeProvider();
        var handler = new ScriptedHubHandler();
        var (_, edge) = await ExtendedEdgeAsync(new TransportContext(new FlowControlOptions(), time, NullLoggerFactory.Instance), handler);
        var goAway = ScriptedPeer.Frame(0, FrameType.GoAway, """{"reason":"shutdown","lastStreamId":0}"""u8);

        // Frames that were said before it may be heard behind it, but no new streams are opened after it.
        await edge.SendAsync(goAway, ScriptedPeer.Frame(1, FrameType.Open, Line));
        Assert.Equal(1u, (await handler.NextStreamAsync()).Id);
        for (var i = 0; i < 6; i++)
            time.Advance(TimeSpan.FromSeconds(1));
        await edge.SendAsync(goAway, ScriptedPeer.Frame(2, FrameType.Open, Line));

        Assert.Equal(new[] { (byte)ResetReason.ShuttingDown }, await edge.ReadUntilAsync(2, FrameType.Reset));
        Assert.Equal(1, handler.GoAways);
        await edge.DisposeAsync();
    }

    [Fact]
    public async Task Opens_are_served_for_a_while_after_our_goaway()
    {
        var time = new ManualTimeProvider();
        var handler = new ScriptedHubHandler();
        var (hub, edge) = await ExtendedEdgeAsync(
            new TransportContext(new FlowControlOptions(), time, NullLoggerFactory.Instance), handler);
        await edge.SendAsync(ScriptedPeer.Frame(1, FrameType.Open, Line));
        await handler.NextStreamAsync();
        hub.SendGoAway("shutdown");
        await edge.ReadUntilAsync(0, FrameType.GoAway);

        await edge.SendAsync(ScriptedPeer.Frame(2, FrameType.Open, Line));
        Assert.Equal(2u, (await handler.NextStreamAsync()).Id);
        for (var i = 0; i < 6; i++)
            time.Advance(TimeSpan.FromSeconds(1));
        await edge.SendAsync(ScriptedPeer.Frame(3, FrameType.Open, Line));

        Assert.Equal(new[] { (byte)ResetReason.ShuttingDown }, await edge.ReadUntilAsync(3, FrameType.Reset));
        await edge.DisposeAsync();
    }

    [Theory]
    [InlineData(10, 1)]
    [InlineData(1, 4)]
    public async Task A_reset_does_not_wait_for_a_reader_that_has_been_stuck_for_five_seconds(int stuckBefore, int waits)
    {
        var time = new ManualTimeProvider();
        var endpoint = new FakeEndpoint { DirectWrite = 0, Gate = new TaskCompletionSource<bool>() };
        var ended = new EndNote();
        var handler = new ScriptedHubHandler
        {
            OnStream = stream =>
            {
                stream.Observer = ended;
                stream.Attach(endpoint);
            },
        };
        var (hub, edge) = await ExtendedEdgeAsync(
            new TransportContext(new FlowControlOptions(), time, NullLoggerFactory.Instance), handler);
        await edge.SendAsync(
            ScriptedPeer.Frame(1, FrameType.Open, Line), ScriptedPeer.Frame(1, FrameType.Data, new byte[10_000]),
            ScriptedPeer.Frame(2, FrameType.Open, Line));
        while ((await handler.NextStreamAsync()).Id < 2)
        {
        }

        for (var i = 0; i < 2 * stuckBefore; i++)
            time.Advance(TimeSpan.FromSeconds(0.5));
        await edge.SendAsync(ScriptedPeer.Frame(1, FrameType.Reset, new byte[1]));
        await ended.End.Task.WaitAsync(SocketHelpers.Hang);
        for (var i = 0; i < (2 * waits) - 2; i++)
            time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.False(endpoint.Ended.Task.IsCompleted);
        for (var i = 0; i < 4; i++)
            time.Advance(TimeSpan.FromSeconds(0.5));

        Assert.False(await endpoint.Ended.Task.WaitAsync(SocketHelpers.Hang));
        await edge.DisposeAsync();
        await hub.DisposeAsync();
    }

    private static async Task FloodAsync(Socket client)
    {
        var block = new byte[256 << 10];
        try
        {
            while (true)
                await client.SendAllAsync(block);
        }
        catch (SocketException)
        {
            // The tunnel was closed.
        }
    }

    private static TransportContext NewContext(FlowControlOptions? flow = null) =>
        new(flow ?? new FlowControlOptions(), new ManualTimeProvider(), NullLoggerFactory.Instance);

    private static async Task<(ITunnel Hub, ScriptedPeer Edge)> ExtendedEdgeAsync(TransportContext context, ScriptedHubHandler handler)
    {
        var (hub, edge) = await ScriptedPeer.ConnectToHubAsync(context, handler);
        await edge.SendAsync(ScriptedPeer.Frame(0, FrameType.Hello, ScriptedPeer.Hello));
        return (hub, edge);
    }

    // Counts the credit for a stream as it comes back.
    private static Func<long> CountCredit(ScriptedPeer edge, uint id)
    {
        long sum = 0;
        _ = Task.Run(async () =>
        {
            while (await edge.ReadAsync() is { } frame)
            {
                if (frame.Header == new FrameHeader(id, FrameType.WindowUpdateBack, 4))
                    Interlocked.Add(ref sum, BinaryPrimitives.ReadUInt32BigEndian(frame.Payload));
            }
        });
        return () => Interlocked.Read(ref sum);
    }
}
