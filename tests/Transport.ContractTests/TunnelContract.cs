using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Buffers;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Transport.ContractTests;

/// <summary>The promises of every transport to the relay. One class per transport derives from it.</summary>
public abstract class TunnelContract(ITunnelPairFactory factory) : IAsyncLifetime
{
    private readonly TestHub _hub = new();
    private readonly TestEdge _edge = new();
    private TunnelPair? _pair;

    private TunnelPair Pair => _pair!;

    /// <summary>The number of streams in a storm.</summary>
    protected virtual int Openings => 40_000;

    public async ValueTask InitializeAsync() => _pair = await factory.CreateAsync(_hub, _edge);

    public async ValueTask DisposeAsync()
    {
        if (_pair is not null)
            await _pair.DisposeAsync();
        _hub.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Bytes_arrive_unchanged_both_ways_at_once()
    {
        var (client, upstream) = await OpenAsync();
        var up = RandomNumberGenerator.GetBytes(20 << 20);
        var down = RandomNumberGenerator.GetBytes(20 << 20);

        var sendingUp = client.SendAndFinishAsync(up);
        var sendingDown = upstream.SendAndFinishAsync(down);
        var receivedUp = await upstream.ReadToEndAsync();
        var receivedDown = await client.ReadToEndAsync();
        await Task.WhenAll(sendingUp, sendingDown);

        Assert.True(up.AsSpan().SequenceEqual(receivedUp));
        Assert.True(down.AsSpan().SequenceEqual(receivedDown));
        await StreamsGoneAsync();
    }

    [Fact]
    public async Task Openings_and_refusals_as_fast_as_they_go_never_stand_still()
    {
        var count = Openings;
        _hub.Refuse = ResetReason.Policy;
        var ended = new CountdownEvent(count);
        var opening = new StreamOpening(
            new IPEndPoint(IPAddress.Parse("203.0.113.9"), 50_000), new IPEndPoint(IPAddress.Parse("198.51.100.1"), 443), 443);

        // Some clients go at once, others wait for the refusal, and sessions come between them: both ends have endings to send all the
        // time.
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < count / 4; i++)
            {
                ITunnelStream? stream;
                while ((stream = Pair.Edge.OpenStream(opening, new FakeEndpoint(), new EndNote(() => ended.Signal()))) is null)
                    await Task.Delay(1);
                if (i % 2 == 0)
                    stream.Reset(ResetReason.ResetByPeer);
                if (i % 4 == 0)
                    Pair.Edge.OpenSession(opening, new NullSink())?.Close();
            }
        }))).WaitAsync(SocketHelpers.Hang);

        await Task.Run(() => Assert.True(ended.Wait(SocketHelpers.Hang), $"{ended.CurrentCount} are left"));
        Assert.True(await Pair.Hub.ProbeAsync(SocketHelpers.Hang, CancellationToken.None));
        _hub.Refuse = null;
        var (client, upstream) = await OpenAsync();
        await client.SendAllAsync("on"u8.ToArray());
        Assert.Equal("on"u8.ToArray(), await upstream.ReadExactlyAsync(2));
    }

    [Fact]
    public async Task Sessions_that_many_threads_open_at_once_come_in_the_order_of_their_ids()
    {
        const int each = 1_000;
        var opening = new StreamOpening(
            new IPEndPoint(IPAddress.Parse("203.0.113.9"), 50_000), new IPEndPoint(IPAddress.Parse("198.51.100.1"), 443), 443);
        await _hub.Hello.Task.WaitAsync(SocketHelpers.Hang);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < each; i++)
            {
                ITunnelSession? session;
                while ((session = Pair.Edge.OpenSession(opening, new NullSink())) is null)
                {
                    Assert.False(Pair.Edge.Completion.IsCompleted, "the tunnel has ended");
                    await Task.Delay(1);
                }

                session.Close();
            }
        }))).WaitAsync(SocketHelpers.Hang);

        Assert.True(await Pair.Hub.ProbeAsync(SocketHelpers.Hang, CancellationToken.None));
        Assert.False(Pair.Hub.Completion.IsCompleted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tunnel_whose_numbers_come_to_their_end_says_so_and_goes_on(bool sessions)
    {
        await using var pair = await factory.CreateAsync(_hub, _edge, numbersUsed: StreamIds.NearEnd - 4);
        var opening = new StreamOpening(
            new IPEndPoint(IPAddress.Parse("203.0.113.9"), 50_000), new IPEndPoint(IPAddress.Parse("198.51.100.1"), 443), 443);
        _hub.Refuse = ResetReason.Policy;
        for (var i = 0; i < 3; i++)
            Open();
        Assert.False(pair.Edge.NumbersEnding.IsCompleted);

        for (var i = 0; i < 3; i++)
            Open();
        await pair.Edge.NumbersEnding.WaitAsync(SocketHelpers.Hang);
        await Eventually.IsTrueAsync(() => _hub.Opened.Count >= 6, "the openings", explain: () => $"{_hub.Opened.Count} came");
        _hub.Refuse = null;
        var (client, _) = await TestEdge.ConnectAsync(pair);
        var upstream = await _hub.AcceptAsync();
        await client.SendAllAsync("on"u8.ToArray());
        Assert.Equal("on"u8.ToArray(), await upstream.ReadExactlyAsync(2));

        void Open() => Assert.True(
            sessions
                ? pair.Edge.OpenSession(opening, new NullSink()) is not null
                : pair.Edge.OpenStream(opening, new FakeEndpoint(), null) is not null);
    }

    [Fact]
    public async Task The_opening_tells_source_destination_and_listening_port()
    {
        var (client, _) = await OpenAsync();

        Assert.True(_hub.Opened.TryDequeue(out var opening));
        Assert.Equal(client.LocalEndPoint, opening.Source);
        Assert.Equal(client.RemoteEndPoint, opening.Destination);
        Assert.Equal(443, opening.ListeningPort);
    }

    [Fact]
    public async Task A_request_that_ends_with_FIN_still_gets_its_answer()
    {
        var (client, upstream) = await OpenAsync();
        await client.SendAllAsync("question"u8.ToArray());
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal("question"u8.ToArray(), await upstream.ReadToEndAsync());

        await upstream.SendAllAsync("answer"u8.ToArray());
        upstream.Shutdown(SocketShutdown.Send);

        Assert.Equal("answer"u8.ToArray(), await client.ReadToEndAsync());
        await StreamsGoneAsync();
    }

    [Fact]
    public async Task An_upstream_that_ends_first_can_still_be_written_to()
    {
        var (client, upstream) = await OpenAsync();
        await upstream.SendAllAsync("banner"u8.ToArray());
        upstream.Shutdown(SocketShutdown.Send);
        Assert.Equal("banner"u8.ToArray(), await client.ReadToEndAsync());

        await client.SendAllAsync("late"u8.ToArray());
        client.Shutdown(SocketShutdown.Send);

        Assert.Equal("late"u8.ToArray(), await upstream.ReadToEndAsync());
        await StreamsGoneAsync();
    }

    [Fact]
    public async Task A_clients_reset_reaches_the_upstream_after_its_data()
    {
        var (client, upstream) = await OpenAsync();
        var data = RandomNumberGenerator.GetBytes(1 << 20);
        await client.SendAllAsync(data);
        var reading = upstream.ReadExactlyAsync(data.Length - 1000);
        await reading;
        client.Abort();

        var (rest, wasReset) = await upstream.ReadToAnyEndAsync();

        Assert.True(wasReset);
        Assert.Equal(1000, rest.Length);
        await StreamsGoneAsync();
    }

    [Fact]
    public async Task An_upstream_that_answers_and_resets_over_an_unread_body_is_heard()
    {
        var (client, upstream) = await OpenAsync();
        await client.SendAllAsync(new byte[300_000]);
        var answer = RandomNumberGenerator.GetBytes(100_000);
        await upstream.SendAllAsync(answer);
        Assert.True(upstream.Poll(SocketHelpers.Hang, SelectMode.SelectRead));

        // The body is not read: closing sends RST behind the answer.
        upstream.Dispose();
        var (received, wasReset) = await client.ReadToAnyEndAsync();

        Assert.Equal(answer, received);
        Assert.True(wasReset);
        await StreamsGoneAsync();
    }

    [Fact]
    public async Task A_reset_is_noticed_on_a_half_closed_connection()
    {
        var (client, upstream) = await OpenAsync();
        client.Shutdown(SocketShutdown.Send);
        Assert.Empty(await upstream.ReadToEndAsync());

        client.Abort();

        // Nothing reads or writes, so the event loop alone can tell.
        Assert.True(upstream.Poll(SocketHelpers.Hang, SelectMode.SelectError));
        await StreamsGoneAsync();
    }

    [Fact]
    public async Task A_reset_is_noticed_on_a_back_pressured_connection()
    {
        var (client, upstream) = await OpenAsync();
        client.Fill(TimeSpan.FromMilliseconds(300));

        client.Abort();

        Assert.True((await upstream.ReadToAnyEndAsync()).WasReset);
        await StreamsGoneAsync();
    }

    [Fact]
    public async Task A_client_that_goes_away_unheard_while_the_upstream_is_stuck_ends_the_stream()
    {
        var (client, upstream) = await OpenAsync();
        client.Fill(TimeSpan.FromMilliseconds(300));

        client.Abort();

        // The upstream never reads: the reset does not wait for it for ever.
        Assert.True(upstream.Poll(SocketHelpers.Hang, SelectMode.SelectError));
        await StreamsGoneAsync();
    }

    [Fact]
    public async Task An_orderly_close_is_never_a_reset()
    {
        for (var i = 0; i < 200; i++)
        {
            var (client, upstream) = await OpenAsync();
            await client.SendAllAsync("x"u8.ToArray());
            await upstream.ReadExactlyAsync(1);
            await upstream.SendAllAsync(new byte[5000]);
            upstream.Shutdown(SocketShutdown.Send);

            var (received, wasReset) = await client.ReadToAnyEndAsync();
            client.Shutdown(SocketShutdown.Send);

            Assert.False(wasReset);
            Assert.Equal(5000, received.Length);
            Assert.Empty(await upstream.ReadToEndAsync());
            client.Dispose();
            upstream.Dispose();
        }

        await StreamsGoneAsync();
    }

    [Fact]
    public async Task A_refused_stream_is_reset_with_its_reason()
    {
        _hub.Refuse = ResetReason.Refused;
        var observer = new EndObserver();
        var (client, _) = await TestEdge.ConnectAsync(Pair, observer);

        Assert.True((await client.ReadToAnyEndAsync()).WasReset);
        Assert.Equal(new StreamEnd(StreamEndSide.Remote, ResetReason.Refused), await observer.End.Task.WaitAsync(SocketHelpers.Hang));
    }

    [Fact]
    public async Task What_comes_before_the_upstream_is_connected_is_kept()
    {
        var gate = new TaskCompletionSource();
        _hub.Gate = gate.Task;
        var (client, _) = await TestEdge.ConnectAsync(Pair);
        await client.SendAllAsync(new byte[50_000]);
        client.Shutdown(SocketShutdown.Send);
        await Eventually.IsTrueAsync(() => !_hub.Streams.IsEmpty, "the stream");

        gate.SetResult();
        var upstream = await _hub.AcceptAsync();

        Assert.Equal(50_000, (await upstream.ReadToEndAsync()).Length);
    }

    [Fact]
    public async Task A_reader_that_stalls_does_not_stall_others()
    {
        var (_, stalled) = await OpenAsync();
        stalled.Fill(TimeSpan.FromMilliseconds(300));
        var (client, upstream) = await OpenAsync();

        var sending = upstream.SendAndFinishAsync(new byte[50 << 20]);
        Assert.Equal(50 << 20, (await client.ReadToEndAsync()).Length);
        await sending;
    }

    [Fact]
    public async Task Many_streams_of_all_sizes_at_once()
    {
        var random = new Random(7);
        var sizes = Enumerable.Range(0, 200).Select(_ => 1 << random.Next(0, 21)).ToArray();
        await Parallel.ForEachAsync(sizes, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (size, _) =>
        {
            var (client, _) = await TestEdge.ConnectAsync(Pair);
            using var upstream = await _hub.AcceptAsync();
            await Task.WhenAll(EchoAsync(upstream), client.SendAndFinishAsync(new byte[size]));

            Assert.Equal(size, (await client.ReadToEndAsync()).Length);
            client.Dispose();
        });
        await StreamsGoneAsync();
    }

    [Fact]
    public async Task Datagrams_go_both_ways_and_keep_their_bounds()
    {
        var sink = new CollectingSink();
        var session = Pair.Edge.OpenSession(
            new StreamOpening(new(System.Net.IPAddress.Loopback, 1000), new(System.Net.IPAddress.Loopback, 53), 53), sink);
        Assert.NotNull(session);
        foreach (var size in new[] { 1, 0, 1200, 9000, 65_507 })
        {
            var payload = RandomNumberGenerator.GetBytes(size);
            Assert.True(session.Send(payload));
            Assert.Equal(payload, await sink.NextAsync());
        }

        Assert.True(_hub.Opened.TryDequeue(out var opening));
        Assert.Equal(53, opening.ListeningPort);
        Assert.False(session.Send(new byte[65_508]));
        session.Close();
        Assert.False(session.Send(new byte[1]));
    }

    [Fact]
    public async Task Queued_datagrams_of_several_sessions_leave_with_one_flush_and_every_batch_is_ended()
    {
        BatchSink[] sinks = [new(), new(), new()];
        var sessions = sinks.Select(sink => Pair.Edge.OpenSession(default, sink)!).ToArray();
        // They are few enough to be held while they overtake their OPEN; datagrams may change places on the way.
        const int Each = 8;
        for (var number = 0; number < Each; number++)
        {
            foreach (var session in sessions)
                Assert.True(session.Queue([(byte)session.Id, (byte)number]));
        }

        sessions[0].Flush();
        foreach (var (sink, session) in sinks.Zip(sessions))
        {
            var numbers = new HashSet<byte>();
            for (var number = 0; number < Each; number++)
            {
                var datagram = await sink.NextAsync();
                Assert.Equal((byte)session.Id, datagram[0]);
                numbers.Add(datagram[1]);
            }

            Assert.Equal(Each, numbers.Count);
        }
    }

    /// <summary>
    /// Tries sessions that close behind their datagrams, answers that come to nobody, floods, and sizes that don't go: nothing vanishes.
    /// </summary>
    [Theory]
    [InlineData(1, 2_000)]
    [InlineData(40, 100)]
    public async Task Every_datagram_is_answered_or_counted_whatever_becomes_of_its_session(int rounds, int each)
    {
        var sink = new IgnoringSink();
        var (small, large, tooLarge) = (new byte[500], new byte[9_000], new byte[65_508]);
        for (var round = 0; round < rounds; round++)
        {
            var session = Pair.Edge.OpenSession(default, sink)!;
            for (var number = 0; number < each; number++)
                session.Queue(number % 50 == 7 ? large : number % 50 == 8 ? tooLarge : small);
            session.Flush();
            if (round % 4 != 3)
                session.Close();
        }

        long Seen() => Pair.Edge.Counters.DatagramsReceived + Pair.Edge.Counters.DatagramsDropped + Pair.Hub.Counters.DatagramsDropped
            + _hub.Unanswered;
        await Eventually.IsTrueAsync(() => Seen() >= rounds * each, "all datagrams to be seen", explain: () => $"{Seen()} were.");
        Assert.Equal(rounds * each, Seen());
        Assert.InRange(Pair.Hub.Counters.DatagramsReceived, 1, rounds * each);
    }

    [Fact]
    public async Task A_refused_session_is_closed()
    {
        _hub.Refuse = ResetReason.Policy;
        var sink = new CollectingSink();
        var session = Pair.Edge.OpenSession(default, sink);
        session!.Send(new byte[1]);

        await sink.Closed.Task.WaitAsync(SocketHelpers.Hang);
        Assert.False(session.IsOpen);
    }

    [Fact]
    public async Task A_report_of_blocked_clients_reaches_the_hub()
    {
        await _hub.Hello.Task.WaitAsync(SocketHelpers.Hang);
        Assert.True(Pair.Edge.Features.HasFlag(TunnelFeatures.MessagePack));
        var report = new BlockedReport
        {
            Counts = [new BlockedCount(443, "tcp", "denied", 5)],
            Sources = [new BlockedSource(53, "udp", "rate", "2001:db8::7", 1)],
            Dropped = 2,
        };

        Pair.Edge.SendReport(new Report { Kind = Report.Blocked, BlockedClients = report });

        var told = (await _hub.Report.Task.WaitAsync(SocketHelpers.Hang)).BlockedClients!;
        Assert.Equal(report.Counts, told.Counts);
        Assert.Equal(report.Sources, told.Sources);
        Assert.Equal(2, told.Dropped);
    }

    [Fact]
    public async Task Hello_config_report_and_goaway_reach_the_other_end()
    {
        Assert.Equal("00112233445566778899aabbccddeeff", (await _hub.Hello.Task.WaitAsync(SocketHelpers.Hang)).Instance);
        Assert.Equal(Pair.Hub.Features, Pair.Edge.Features);

        Pair.Hub.SendConfig(new TunnelConfig { ListenPorts = [.. Enumerable.Range(1, 60_000)] });
        var config = await _edge.Configs.Reader.ReadAsync().AsTask().WaitAsync(SocketHelpers.Hang);
        Assert.Equal(60_000, config.ListenPorts.Length);

        Pair.Edge.SendReport(new Report { Kind = Report.ConfigApplied, Rev = 5 });
        Assert.Equal(5, (await _hub.Report.Task.WaitAsync(SocketHelpers.Hang)).Rev);

        Pair.Hub.SendGoAway(GoAway.Shutdown);
        Assert.Equal(GoAway.Shutdown, (await _edge.GoAway.Task.WaitAsync(SocketHelpers.Hang)).Reason);
        Assert.Null(Pair.Edge.OpenSession(default, new CollectingSink()));
        await _hub.GoAway.Task.WaitAsync(SocketHelpers.Hang);
    }

    [Fact]
    public async Task Streams_live_on_after_goaway()
    {
        var (client, upstream) = await OpenAsync();
        Pair.Hub.SendGoAway(GoAway.Shutdown);
        await _edge.GoAway.Task.WaitAsync(SocketHelpers.Hang);

        await client.SendAllAsync("still here"u8.ToArray());
        client.Shutdown(SocketShutdown.Send);

        Assert.Equal("still here"u8.ToArray(), await upstream.ReadToEndAsync());
        upstream.Dispose();
        await Pair.Hub.WaitForStreamsAsync(CancellationToken.None).WaitAsync(SocketHelpers.Hang);
    }

    [Fact]
    public async Task A_probe_is_answered()
    {
        await _hub.Hello.Task.WaitAsync(SocketHelpers.Hang);
        Assert.True(await Pair.Hub.ProbeAsync(SocketHelpers.Hang, CancellationToken.None));
        Assert.NotNull(Pair.Hub.RoundTripTime);
    }

    [Fact]
    public async Task Closing_resets_what_is_open_and_tells_both_ends()
    {
        var (client, upstream) = await OpenAsync();

        await Pair.Hub.CloseAsync(new TunnelEnd(TunnelEndKind.Revoked, "test"));

        Assert.True((await client.ReadToAnyEndAsync()).WasReset);
        Assert.True((await upstream.ReadToAnyEndAsync()).WasReset);
        Assert.Equal(TunnelEndKind.Revoked, (await Pair.Hub.Completion.WaitAsync(SocketHelpers.Hang)).Kind);
        Assert.Equal(TunnelEndKind.PeerClosed, (await Pair.Edge.Completion.WaitAsync(SocketHelpers.Hang)).Kind);
        Assert.Null(Pair.Edge.OpenSession(default, new CollectingSink()));
    }

    [Fact]
    public async Task What_is_kept_for_a_peer_is_counted_until_its_last_tunnel_ends()
    {
        var (client, upstream) = await OpenAsync();
        KeptMemory[] both = [Pair.HubContext.Flow.Kept, Pair.EdgeContext.Flow.Kept];
        Assert.All(both, static kept => Assert.Equal(1, kept.Peers));
        await Task.WhenAll(client.SendAndFinishAsync(new byte[1 << 20]), upstream.ReadToEndAsync());

        await Pair.Edge.CloseAsync(new TunnelEnd(TunnelEndKind.Closed, "test"));
        await Pair.Edge.Completion.WaitAsync(SocketHelpers.Hang);
        await Pair.Hub.Completion.WaitAsync(SocketHelpers.Hang);

        await Eventually.IsTrueAsync(
            () => both.All(static kept => kept.Peers == 0 && kept.Free == kept.Limit), "nothing is kept and nobody is known");
    }

    [Fact]
    public async Task Stalled_readers_stay_within_the_budget()
    {
        const long Budget = 4 << 20;
        using var hub = new TestHub();
        await using var pair = await factory.CreateAsync(
            hub, new TestEdge(), new FlowControlOptions { MemoryBudget = Budget, SharedWindow = Budget });
        var clients = new List<Socket>();
        for (var i = 0; i < 60; i++)
        {
            clients.Add((await TestEdge.ConnectAsync(pair)).Client);
            clients.Add(await hub.AcceptAsync());
        }

        // Everybody sends and nobody reads.
        // On a busy machine once is not always enough to fill the kernel's buffers on the way.
        for (var round = 0; round < 10 && (pair.HubContext.Flow.Budget.Used == 0 || pair.EdgeContext.Flow.Budget.Used == 0); round++)
        {
            foreach (var client in clients)
                client.Fill(TimeSpan.FromMilliseconds(10));
        }

        Assert.InRange(pair.HubContext.Flow.Budget.Used, 1, Budget);
        Assert.InRange(pair.EdgeContext.Flow.Budget.Used, 1, Budget);

        var (healthy, _) = await TestEdge.ConnectAsync(pair);
        using var upstream = await hub.AcceptAsync();
        await Task.WhenAll(EchoAsync(upstream), healthy.SendAndFinishAsync(new byte[1 << 20]), healthy.ReadToEndAsync());
        foreach (var client in clients)
            client.Abort();
        await pair.Edge.WaitForStreamsAsync(CancellationToken.None).WaitAsync(SocketHelpers.Hang);
        await pair.Hub.WaitForStreamsAsync(CancellationToken.None).WaitAsync(SocketHelpers.Hang);
    }

    private async Task<(Socket Client, Socket Upstream)> OpenAsync()
    {
        var (client, _) = await TestEdge.ConnectAsync(Pair);
        return (client, await _hub.AcceptAsync());
    }

    private async Task StreamsGoneAsync()
    {
        await Pair.Edge.WaitForStreamsAsync(CancellationToken.None).WaitAsync(SocketHelpers.Hang);
        await Pair.Hub.WaitForStreamsAsync(CancellationToken.None).WaitAsync(SocketHelpers.Hang);
        Assert.Equal(0, Pair.Edge.ActiveStreams);
    }

    private static async Task EchoAsync(Socket socket)
    {
        var buffer = new byte[64 << 10];
        while (await socket.ReceiveAsync(buffer, SocketFlags.None).WaitAsync(SocketHelpers.Hang) is > 0 and var count)
            await socket.SendAllAsync(buffer.AsMemory(0, count));
        socket.Shutdown(SocketShutdown.Send);
    }

    private sealed class EndObserver : IStreamObserver
    {
        public TaskCompletionSource<StreamEnd> End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnStreamClosed(ITunnelStream stream, in StreamEnd end) => End.TrySetResult(end);
    }

    /// <summary>Gives out a datagram when its batch was ended, or at once when it came alone.</summary>
    private sealed class BatchSink : IDatagramSink
    {
        private readonly System.Threading.Channels.Channel<byte[]> _datagrams = System.Threading.Channels.Channel.CreateUnbounded<byte[]>();
        private readonly List<byte[]> _batch = [];

        public Task<byte[]> NextAsync() => _datagrams.Reader.ReadAsync().AsTask().WaitAsync(SocketHelpers.Hang);

        public void OnDatagram(ReadOnlySpan<byte> payload) => _datagrams.Writer.TryWrite(payload.ToArray());

        public void OnDatagramOfBatch(ReadOnlySpan<byte> payload) => _batch.Add(payload.ToArray());

        public void OnBatchEnd()
        {
            foreach (var datagram in _batch)
                _datagrams.Writer.TryWrite(datagram);
            _batch.Clear();
        }

        public void OnSessionClosed()
        {
        }
    }

    private sealed class IgnoringSink : IDatagramSink
    {
        public void OnDatagram(ReadOnlySpan<byte> payload)
        {
        }

        public void OnSessionClosed()
        {
        }
    }

    private sealed class CollectingSink : IDatagramSink
    {
        private readonly System.Threading.Channels.Channel<byte[]> _datagrams = System.Threading.Channels.Channel.CreateUnbounded<byte[]>();

        public TaskCompletionSource Closed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<byte[]> NextAsync() => _datagrams.Reader.ReadAsync().AsTask().WaitAsync(SocketHelpers.Hang);

        public void OnDatagram(ReadOnlySpan<byte> payload) => _datagrams.Writer.TryWrite(payload.ToArray());

        public void OnSessionClosed() => Closed.TrySetResult();
    }
}
