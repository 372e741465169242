using System.Globalization;
using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.TestUtilities.Mux;

namespace Tunnel.Shared.UnitTests.Transport.Mux;

/// <summary>
/// Two ends of a mux have a connection that breaks and is replaced, in virtual time: nothing is lost, nothing comes twice.
/// </summary>
public sealed class ResumeTests
{
    private const int Deeds = 150;
    private const int MostFlows = 10;
    private const int Budget = 640 << 10;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);
    private static readonly byte[] Datagram = new byte[4_000];

    // A long run tries more seeds: TUNNEL_RESUME_SEEDS=100000.
    private static int Seeds =>
        int.TryParse(
            Environment.GetEnvironmentVariable("TUNNEL_RESUME_SEEDS"), CultureInfo.InvariantCulture, out var seeds) ? seeds : 1_000;

    private static int FirstSeed =>
        int.TryParse(Environment.GetEnvironmentVariable("TUNNEL_RESUME_FIRST"), CultureInfo.InvariantCulture, out var seed) ? seed : 0;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_connection_that_breaks_at_any_byte_and_is_replaced_loses_nothing(bool toHub)
    {
        for (var arrives = 0; ; arrives++)
        {
            var pair = new MuxPair(grace: Grace);
            var (client, upstream) = Open(pair);
            client.GiveRoom(int.MaxValue);
            upstream.GiveRoom(int.MaxValue);
            var speaker = toHub ? client : upstream;
            speaker.Say(100);
            speaker.SayEnd();
            var second = pair.OpenClient()!;
            pair.Run();
            var underWay = (toHub ? pair.Edge : pair.Hub).Sent.Length;
            pair.Cut(toHub ? arrives : 0, toHub ? 0 : arrives);
            Assert.True(pair.Resume());
            pair.Settle();
            var other = pair.ConnectUpstream()!;
            second.Say(7);
            other.GiveRoom(7);
            (toHub ? upstream : client).SayEnd();
            pair.Settle();

            Assert.Equal((100L, 7L), ((toHub ? upstream : client).Heard, other.Heard));
            Assert.True(client.IsClosed && upstream.IsClosed, $"both had their ends, {arrives} bytes");
            Assert.DoesNotContain(pair.Ends, static end => !end.End.Completed);
            if (arrives > underWay)
                return;
        }
    }

    [Fact]
    public void Large_messages_and_bulk_go_on_where_they_broke()
    {
        var random = new Random(5);
        var pair = new MuxPair(grace: Grace);
        var (client, upstream) = Open(pair);
        client.GiveRoom(int.MaxValue);
        upstream.GiveRoom(int.MaxValue);
        client.Say(3_000_000);
        upstream.Say(3_000_000);
        while (client.Heard < 3_000_000 || upstream.Heard < 3_000_000)
        {
            // A configuration is larger than a batch.
            pair.Hub.Endpoint.SendConfig(new TunnelConfig { ListenPorts = [.. Enumerable.Range(1, 30_000)] });
            pair.Carry(toHub: true, random.Next(200_000));
            pair.Carry(toHub: false, random.Next(200_000));
            pair.Cut(random.Next(200_000), random.Next(200_000));
            Assert.True(pair.Resume());
            pair.Advance(TimeSpan.FromMilliseconds(random.Next(30)));
        }

        Assert.Empty(pair.Ends);
        Assert.Null(pair.Hub.End ?? pair.Edge.End);
    }

    [Fact]
    public void What_was_acknowledged_is_not_held()
    {
        var pair = new MuxPair(grace: Grace);
        var (client, upstream) = Open(pair);
        upstream.GiveRoom(int.MaxValue);
        client.GiveRoom(int.MaxValue);
        for (var i = 0; i < 100; i++)
        {
            client.Say(100_000);
            upstream.Say(10);
            pair.Settle();
            Assert.InRange(pair.EdgeContext.Flow.Budget.Used, 0, 3 * AckPace.AtOnce);
        }

        pair.Advance(AckPace.Delay);
        pair.Settle();
        Assert.Equal((0L, 0L), (pair.EdgeContext.Flow.Budget.Used, pair.HubContext.Flow.Budget.Used));
    }

    [Fact]
    public void An_idle_lane_is_quiet()
    {
        var pair = new MuxPair(grace: Grace);
        Open(pair);
        pair.Advance(TimeSpan.FromSeconds(5));
        pair.Settle();
        for (var i = 0; i < 8; i++)
        {
            pair.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal((0, 0), (pair.Edge.Sent.Length, pair.Hub.Sent.Length));
        }
    }

    [Fact]
    public void A_lane_without_memory_goes_on_and_may_not_resume_until_all_is_acknowledged()
    {
        var pair = new MuxPair(grace: Grace, options: new FlowControlOptions { MemoryBudget = Budget });
        var (client, upstream) = Open(pair);
        var other = Budget - (int)pair.EdgeContext.Flow.Budget.Used;
        Assert.True(pair.EdgeContext.Flow.Budget.TryTake(other));
        upstream.GiveRoom(int.MaxValue);
        client.Say(200_000);
        pair.Run();
        Assert.True(pair.Edge.Endpoint.Core.Kept.From > 0);
        pair.Settle();
        Assert.Equal(200_000, upstream.Heard);
        pair.Advance(AckPace.Delay);
        pair.Settle();
        Assert.True(pair.Resume());

        client.Say(200_000);
        pair.Run();
        pair.Cut();
        Assert.False(pair.Resume());
        pair.Advance(Grace + TimeSpan.FromSeconds(2));
        Assert.True(client.IsGone && upstream.IsGone);
        pair.EdgeContext.Flow.Budget.Return(other);
        pair.CheckNothingIsLeft();
    }

    [Fact]
    public void More_than_a_lane_may_keep_waits_for_acknowledgements_and_the_lane_can_always_resume()
    {
        const int Clients = 8;
        const int Bytes = 1_000_000;
        var pair = new MuxPair(
            grace: Grace, options: new FlowControlOptions { MemoryBudget = 4 << 20, InitialWindow = Bytes }, underWay: 64 << 20);
        var ends = Enumerable.Range(0, Clients).Select(_ => Open(pair)).ToList();
        foreach (var (client, upstream) in ends)
        {
            upstream.GiveRoom(int.MaxValue);
            client.Say(Bytes);
        }

        // The path takes whatever is said, and brings none of it.
        pair.Run();
        Assert.InRange(pair.Edge.Endpoint.Core.Kept.Held, 1, pair.EdgeContext.Flow.Kept.Limit * 2 / 3);
        var late = pair.OpenClient()!;
        pair.Cut();
        Assert.True(pair.Resume());
        pair.Settle();

        Assert.All(ends, static end => Assert.Equal(Bytes, end.Upstream.Heard));
        Assert.NotNull(pair.ConnectUpstream());
        Assert.False(late.IsGone);
        Assert.Empty(pair.Ends);
    }

    [Fact]
    public void When_memory_is_short_what_is_kept_goes_before_any_stream_is_reset()
    {
        var pair = new MuxPair(grace: Grace, options: new FlowControlOptions { MemoryBudget = Budget });
        var (client, upstream) = Open(pair);
        upstream.Say(100_000);
        pair.Run();
        Assert.True(pair.Hub.Endpoint.Core.Kept.From < pair.Hub.Endpoint.Core.Kept.Sent);
        Assert.True(pair.HubContext.Flow.Budget.TryTake(Budget - (int)pair.HubContext.Flow.Budget.Used));

        // Nobody has acknowledged what is sent, and the hub needs room for what a client has said.
        client.Say(20_000);
        pair.Carry(toHub: true);
        Assert.Equal("", string.Join(' ', pair.Ends.Select(static end => end.End)) + (pair.Hub.End ?? pair.Edge.End));
        Assert.Equal(0, pair.HubContext.Flow.MemoryResets);
        Assert.Equal(pair.Hub.Endpoint.Core.Kept.Sent, pair.Hub.Endpoint.Core.Kept.From);
    }

    [Fact]
    public void After_the_grace_everything_is_reset_within_a_second()
    {
        var pair = new MuxPair(grace: Grace);
        var (client, upstream) = Open(pair);
        pair.Cut();
        pair.Advance(Grace - TimeSpan.FromSeconds(1));
        Assert.False(client.IsGone || upstream.IsGone);
        pair.Advance(TimeSpan.FromSeconds(2));
        Assert.True(client.IsGone && upstream.IsGone);
        pair.CheckNothingIsLeft();
    }

    [Fact]
    public void While_there_is_no_connection_nothing_is_opened_read_or_timed_out()
    {
        var pair = new MuxPair(grace: Grace);
        var (client, upstream) = Open(pair);
        pair.Cut();
        Assert.Null(pair.OpenClient());
        client.Say(10);
        client.SayEnd();
        pair.Advance(TimeSpan.FromSeconds(50));
        Assert.Equal(0, client.Said);
        upstream.GiveRoom(10);
        Assert.True(pair.Resume());
        pair.Settle();
        Assert.Equal(10, upstream.Heard);
        Assert.True(upstream.HeardEnd);
    }

    [Fact]
    public void A_reset_at_either_end_while_there_is_no_connection_is_told_afterwards()
    {
        var pair = new MuxPair(grace: Grace);
        var (client, upstream) = Open(pair);
        var (second, secondUpstream) = Open(pair);
        pair.Cut();
        client.ResetByPeer();
        pair.Upstreams[1].Stream.Reset(ResetReason.IdleTimeout);
        pair.Advance(TimeSpan.FromSeconds(3));
        Assert.False(second.IsGone);
        Assert.True(secondUpstream.IsGone);
        Assert.True(pair.Resume());
        pair.Settle();
        Assert.True(upstream.IsGone && second.IsGone);
        Assert.Contains(pair.Ends, static end => end.End is { Side: StreamEndSide.Remote, Reason: ResetReason.IdleTimeout });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(long.MaxValue)]
    public void A_peer_that_says_it_has_more_than_was_sent_lies(long more)
    {
        var pair = new MuxPair(grace: Grace);
        Open(pair);
        pair.Cut();
        var hub = pair.Hub.Endpoint.Change.OnQuiet();
        var beyond = Math.Max(long.MaxValue - more, 0) < hub.Received ? long.MaxValue : hub.Received + more;
        Assert.Throws<FormatException>(() => pair.Edge.Endpoint.Change.CanResume(hub with { Received = beyond }));
        Assert.False(pair.Edge.Endpoint.Change.CanResume(hub with { From = long.MaxValue }));
        Assert.False(pair.Edge.Endpoint.Change.CanResume(hub with { Received = -1 }));
        Assert.True(pair.Resume());
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(1L << 32)]
    [InlineData(-1)]
    public void An_acknowledgement_of_what_was_never_sent_ends_the_tunnel(long offset)
    {
        var pair = new MuxPair(grace: Grace);
        Open(pair);
        var frame = new byte[17];
        frame[4] = 0x24;
        frame[8] = 8;
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(frame.AsSpan(9), offset);
        pair.Hub.Hear(frame);
        pair.Run();
        Assert.Equal(TunnelEndKind.ProtocolError, pair.Hub.End?.Kind);
    }

    [Fact]
    public void Without_the_extension_RESUME_and_ACK_are_unknown_and_skipped()
    {
        foreach (var type in new byte[] { 0x23, 0x24 })
        {
            var pair = new MuxPair();
            Open(pair);
            byte[] frame = type == 0x24 ? [0, 0, 0, 0, type, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0] : [0, 0, 0, 0, type, 0, 0, 0, 1, 0xC0];
            pair.Edge.Hear(frame);
            pair.Run();
            Assert.Null(pair.Edge.End);
        }
    }

    [Fact]
    public void Random_deeds_with_breaks_anywhere_end_as_over_a_connection_that_never_breaks()
    {
        for (var seed = FirstSeed; seed < FirstSeed + Seeds; seed++)
        {
            try
            {
                var reliable = RunRandomly(seed, breaks: false);
                var broken = RunRandomly(seed, breaks: true);
                Assert.Equal(reliable, broken);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
            }
        }
    }

    // What the deeds are follows from the seed alone; what is carried between them, and where it breaks, does not change how it ends.
    private static List<string> RunRandomly(int seed, bool breaks)
    {
        var deeds = new Random(seed);
        var carrier = new Random(breaks ? seed + 1 : seed);
        var pair = new MuxPair(grace: Grace);
        var script = new Script(pair);
        pair.Settle();
        for (var i = 0; i < Deeds; i++)
        {
            script.Do(deeds);
            script.CatchUp();
            Move(pair, carrier, breaks);
        }

        if (IsCut(pair))
            Assert.True(pair.Resume());
        Finish(pair, script, breaks ? carrier : null);

        Assert.Null(pair.Hub.End ?? pair.Edge.End);
        Assert.DoesNotContain(pair.Ends, static end => end.End.Side == StreamEndSide.Tunnel);
        var outcome = new List<string>();
        for (var i = 0; i < pair.Clients.Count; i++)
        {
            var (client, upstream) = (pair.Clients[i].End, script.UpstreamOf(i));
            if (script.IsReset(i))
            {
                Assert.True(client.IsGone || client.IsClosed, $"{i}: the client has ended");
                Assert.True(upstream is null || upstream.IsGone || upstream.IsClosed, $"{i}: the upstream has ended");
                continue;
            }

            Assert.Equal((client.Said, upstream!.Said), (upstream.Heard, client.Heard));
            outcome.Add(
                $"{i}: {client.Heard} {client.HeardEnd} {client.IsClosed} {upstream.Heard} {upstream.HeardEnd} {upstream.IsClosed}");
        }

        outcome.Add(
            $"sessions {pair.EdgeSessions.Count(static session => session.IsOpen)} "
                + $"{pair.HubSessions.Count(static session => session.IsOpen)}");
        CheckNothingIsHeld(pair);
        return outcome;
    }

    /// <summary>
    /// Does the acts in their order. What can't be done yet, because there is no tunnel or no upstream, is done as soon as it can.
    /// </summary>
    private sealed class Script(MuxPair pair)
    {
        private readonly Queue<Action<ScriptedEndpoint>>[] _clients = MakeQueues();
        private readonly Queue<Action<ScriptedEndpoint>>[] _upstreams = MakeQueues();
        private readonly HashSet<int> _reset = [];
        private int _wanted;
        private int _wantedSessions;

        public bool IsReset(int client) => _reset.Contains(client);

        public ScriptedEndpoint? UpstreamOf(int client) =>
            pair.Upstreams.Find(up => up.Stream.Id == pair.Clients[client].Stream.Id).End;

        public void Do(Random random)
        {
            var bytes = random.Next(6) == 0 ? random.Next(100_000) : random.Next(2_000);
            var which = random.Next(MostFlows);
            switch (random.Next(14))
            {
                case 0 or 1 when _wanted < MostFlows:
                    _wanted++;
                    break;
                case 2 or 3:
                    pair.ConnectUpstream();
                    break;
                case 4 or 5 when which < _wanted:
                    _clients[which].Enqueue(client => client.Say(bytes));
                    break;
                case 6 or 7 when which < _wanted:
                    _upstreams[which].Enqueue(upstream => upstream.Say(bytes));
                    break;
                case 8 when which < _wanted:
                    _clients[which].Enqueue(client => client.GiveRoom(bytes));
                    break;
                case 9 when which < _wanted:
                    _upstreams[which].Enqueue(upstream => upstream.GiveRoom(bytes));
                    break;
                case 10 when which < _wanted && bytes % 4 == 0:
                    (bytes % 8 == 0 ? _clients : _upstreams)[which].Enqueue(static end => end.SayEnd());
                    break;
                case 11 when which < _wanted && bytes % 8 == 0:
                    _reset.Add(which);
                    if (bytes % 3 == 0)
                        _upstreams[which].Enqueue(static upstream => upstream.ResetByPeer());
                    else if (bytes % 3 == 1)
                        _clients[which].Enqueue(static client => client.ResetByPeer());
                    else
                        _clients[which].Enqueue(_ => pair.Clients[which].Stream.Reset((ResetReason)(bytes % 10)));
                    break;
                case 12 when _wantedSessions < MostFlows:
                    _wantedSessions++;
                    break;
                case 13 when which < pair.EdgeSessions.Count:
                    pair.EdgeSessions[which].Send(Datagram.AsSpan(0, bytes % Datagram.Length));
                    break;
            }
        }

        public void CatchUp()
        {
            while (pair.Clients.Count + pair.EdgeSessions.Count < _wanted + _wantedSessions && !IsCut(pair))
            {
                if (pair.Clients.Count < _wanted)
                    pair.OpenClient();
                else
                    pair.OpenSession();
            }

            for (var i = 0; i < pair.Clients.Count; i++)
            {
                Run(_clients[i], pair.Clients[i].End);
                if (UpstreamOf(i) is { } upstream)
                    Run(_upstreams[i], upstream);
            }
        }

        private static void Run(Queue<Action<ScriptedEndpoint>> deeds, ScriptedEndpoint end)
        {
            while (deeds.TryDequeue(out var deed))
                deed(end);
        }

        private static Queue<Action<ScriptedEndpoint>>[] MakeQueues() =>
            [.. Enumerable.Range(0, MostFlows).Select(static _ => new Queue<Action<ScriptedEndpoint>>())];
    }

    private static void Move(MuxPair pair, Random random, bool breaks)
    {
        if (IsCut(pair))
        {
            // A second break may come in the middle of the first one's repair.
            if (random.Next(3) > 0)
            {
                Assert.True(pair.Resume());
                if (random.Next(3) == 0)
                    pair.Cut(random.Next(100_000), random.Next(100_000));
            }
        }
        else if (breaks && random.Next(6) == 0)
        {
            pair.Cut(random.Next(pair.Edge.Sent.Length + 1), random.Next(pair.Hub.Sent.Length + 1));
        }
        else if (breaks && random.Next(12) == 0)
        {
            // One end notices the loss before the other.
            (random.Next(2) == 0 ? pair.Edge : pair.Hub).Detach();
        }
        else
        {
            pair.Carry(toHub: true, random.Next(2) == 0 ? random.Next(64) : random.Next(100_000));
            pair.Carry(toHub: false, random.Next(2) == 0 ? random.Next(64) : random.Next(100_000));
        }

        if (random.Next(4) == 0)
            pair.Advance(TimeSpan.FromMilliseconds(random.Next(60)));
    }

    // Each end that waits gets what it waits for; those that are not reset say their ends.
    private static void Finish(MuxPair pair, Script script, Random? random)
    {
        for (var round = 0; round < 12; round++)
        {
            while (pair.ConnectUpstream() is not null)
            {
            }

            script.CatchUp();
            foreach (var (_, end) in pair.Clients.Concat(pair.Upstreams))
                end.GiveRoom(int.MaxValue / 2);
            if (random is not null && round < 6)
            {
                pair.Cut(random.Next(pair.Edge.Sent.Length + 1), random.Next(pair.Hub.Sent.Length + 1));
                Assert.True(pair.Resume());
            }

            pair.Settle();
            pair.Advance(TimeSpan.FromMilliseconds(600));
            if (round != 8)
                continue;
            foreach (var (_, end) in pair.Clients.Concat(pair.Upstreams))
                end.SayEnd();
        }
    }

    private static void CheckNothingIsHeld(MuxPair pair)
    {
        Assert.Empty(pair.Hub.Defects.Concat(pair.Edge.Defects));
        Assert.Equal((0, 0), (pair.Edge.Endpoint.Streams.All.Count, pair.Hub.Endpoint.Streams.All.Count));
        Assert.Equal((0L, 0L), (pair.EdgeContext.Flow.Budget.Used, pair.HubContext.Flow.Budget.Used));
        Assert.Equal((0L, 0L), (pair.EdgeContext.Flow.Grown, pair.HubContext.Flow.Grown));
    }

    private static bool IsCut(MuxPair pair) => pair.Edge.Endpoint.Core.IsDetached || pair.Hub.Endpoint.Core.IsDetached;

    private static (ScriptedEndpoint Client, ScriptedEndpoint Upstream) Open(MuxPair pair)
    {
        var client = pair.OpenClient()!;
        pair.Settle();
        var upstream = pair.ConnectUpstream()!;
        pair.Settle();
        return (client, upstream);
    }
}
