using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Streams;
using Tunnel.TestUtilities.Mux;

namespace Tunnel.Shared.UnitTests.Transport.Mux;

/// <summary>Two ends of a mux in virtual time hear what is said, and end rightly when the carrier breaks.</summary>
public sealed class MuxPairTests
{
    private const int Seeds = 400;
    private const int Deeds = 120;
    private const int MostFlows = 12;

    private static readonly byte[] Datagram = new byte[4_000];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_said_is_heard_and_both_ends_close(bool extended)
    {
        var pair = new MuxPair(extended);
        var (client, upstream) = Open(pair);
        client.Say(1_000_000);
        upstream.Say(200_000);
        client.GiveRoom(int.MaxValue);
        upstream.GiveRoom(int.MaxValue);
        pair.Settle();
        client.SayEnd();
        upstream.SayEnd();
        pair.Settle();

        Assert.Equal((1_000_000, 200_000), (upstream.Heard, client.Heard));
        Assert.True(upstream.IsClosed && client.IsClosed);
        Assert.Equal(2, pair.Ends.Count(static end => end.End.Completed));
        pair.Advance(TimeSpan.FromSeconds(5));
        pair.CheckNothingIsLeft();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_carrier_that_breaks_at_any_byte_ends_both_ends_of_a_stream_with_a_reset(bool toHub)
    {
        // Each round is the same, with a carrier that is one byte longer: through OPEN, data and the ends.
        for (var arrives = 0; ; arrives++)
        {
            var pair = new MuxPair();
            var (client, upstream) = Open(pair);
            client.GiveRoom(int.MaxValue);
            upstream.GiveRoom(int.MaxValue);
            var speaker = toHub ? client : upstream;
            speaker.Say(100);
            speaker.SayEnd();
            pair.OpenClient();
            pair.Run();
            var underWay = (toHub ? pair.Edge : pair.Hub).Sent.Length;
            pair.Break(toHub ? arrives : 0, toHub ? 0 : arrives);

            var listener = toHub ? upstream : client;
            Assert.InRange(listener.Heard, 0, 100);
            Assert.True(client.IsGone && upstream.IsGone, $"both are reset, {arrives} bytes");
            Assert.False(client.IsClosed || upstream.IsClosed);
            CheckEnds(pair);
            pair.CheckNothingIsLeft();
            if (arrives > underWay)
                return;
        }
    }

    [Fact]
    public void What_the_edge_has_opened_before_it_goes_away_is_served_and_what_comes_long_after_is_not()
    {
        var pair = new MuxPair();
        var client = pair.OpenClient()!;
        pair.Edge.SendGoAway(GoAway.Replaced);
        Assert.Null(pair.OpenClient());
        pair.Settle();
        var upstream = pair.ConnectUpstream()!;
        client.Say(7);
        upstream.GiveRoom(7);
        pair.Settle();
        Assert.Equal(7, upstream.Heard);

        var core = pair.Hub.Endpoint.Core;
        Assert.True(core.ServesOpens);
        pair.Advance(Departure.Grace + TimeSpan.FromMilliseconds(1));
        Assert.False(core.ServesOpens);
    }

    [Fact]
    public void A_slow_local_peer_gets_what_had_come_before_the_carrier_broke()
    {
        var pair = new MuxPair();
        var (client, upstream) = Open(pair);
        upstream.Say(50_000);
        client.GiveRoom(10_000);
        pair.Settle();
        Assert.Equal(10_000, client.Heard);

        pair.Break();
        Assert.False(client.IsGone);
        client.GiveRoom(int.MaxValue);
        pair.Run();
        Assert.Equal(50_000, client.Heard);
        Assert.True(client.IsGone);
        pair.CheckNothingIsLeft();
    }

    [Fact]
    public void Random_deeds_and_a_carrier_that_breaks_anywhere_leave_a_prefix_a_reset_and_nothing_else()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            try
            {
                RunRandomly(new Random(seed));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
            }
        }
    }

    private static void RunRandomly(Random random)
    {
        // Memory is short every now and then: streams are then reset for it.
        var options = random.Next(4) == 0 ? new FlowControlOptions { MemoryBudget = 256 << 10 } : new FlowControlOptions();
        var pair = new MuxPair(extended: random.Next(4) > 0, options);
        var deeds = random.Next(1, Deeds);
        for (var i = 0; i < deeds; i++)
            Do(pair, random);
        Assert.Null(pair.Hub.End);
        Assert.Null(pair.Edge.End);

        pair.Break(random.Next(pair.Edge.Sent.Length + 1), random.Next(pair.Hub.Sent.Length + 1));

        // Local peers take the rest, or nothing and are cut off; what the hub has not answered yet it answers now.
        while (pair.Unanswered > 0)
            pair.ConnectUpstream();
        foreach (var (_, end) in pair.Clients.Concat(pair.Upstreams))
        {
            if (random.Next(3) > 0)
                end.GiveRoom(int.MaxValue);
        }

        pair.Run();
        // A base peer gets 30 s to answer what was aborted.
        pair.Advance(TimeSpan.FromSeconds(31));
        foreach (var (_, end) in pair.Clients.Concat(pair.Upstreams))
            Assert.True(end.IsGone || end.IsClosed, "each local peer is reset or had its end");
        CheckEnds(pair);
        pair.CheckNothingIsLeft();
    }

    // ScriptedEndpoint itself sees to it that what it hears is a prefix of what the other end says.
    private static void Do(MuxPair pair, Random random)
    {
        var bytes = random.Next(4) == 0 ? random.Next(200_000) : random.Next(2_000);
        switch (random.Next(18))
        {
            case 0 or 1 when pair.Clients.Count < MostFlows:
                pair.OpenClient();
                break;
            case 2 or 3:
                pair.ConnectUpstream();
                break;
            case 4 when random.Next(4) == 0:
                pair.RefuseUpstream();
                break;
            case 5 or 6:
                Any(pair.Clients, random)?.End.Say(bytes);
                break;
            case 7 or 8:
                Any(pair.Upstreams, random)?.End.Say(bytes);
                break;
            case 9:
                Any(pair.Clients, random)?.End.GiveRoom(bytes);
                break;
            case 10:
                Any(pair.Upstreams, random)?.End.GiveRoom(bytes);
                break;
            case 11 when random.Next(3) == 0:
                Any(random.Next(2) == 0 ? pair.Clients : pair.Upstreams, random)?.End.SayEnd();
                break;
            case 11 when random.Next(3) == 0:
                Any(random.Next(2) == 0 ? pair.Clients : pair.Upstreams, random)?.End.ResetByPeer();
                break;
            case 11:
                Any(random.Next(2) == 0 ? pair.Clients : pair.Upstreams, random)?.Stream.Reset((ResetReason)random.Next(10));
                break;
            case 12 when pair.EdgeSessions.Count < MostFlows:
                pair.OpenSession();
                break;
            case 12 or 13:
                Any(random.Next(2) == 0 ? pair.EdgeSessions : pair.HubSessions, random)?.Send(Datagram.AsSpan(0, bytes % Datagram.Length));
                break;
            case 14 when random.Next(3) == 0:
                Any(random.Next(2) == 0 ? pair.EdgeSessions : pair.HubSessions, random)?.Close();
                break;
            case 14:
                pair.Hub.Endpoint.SendConfig(new TunnelConfig { ListenPorts = [443] });
                break;
            case 15:
                pair.Carry(toHub: true, 1 + bytes);
                break;
            case 16:
                pair.Carry(toHub: false, 1 + bytes);
                break;
            default:
                pair.Advance(TimeSpan.FromMilliseconds(random.Next(300)));
                break;
        }
    }

    // The end of each stream is told once; one that was cut by the carrier says so.
    private static void CheckEnds(MuxPair pair)
    {
        Assert.Equal(pair.Ends.Count, pair.Ends.Select(static end => end.Stream).Distinct().Count());
        foreach (var (stream, _) in pair.Clients.Concat(pair.Upstreams))
            Assert.Contains(pair.Ends, end => end.Stream == stream);
    }

    private static (ScriptedEndpoint Client, ScriptedEndpoint Upstream) Open(MuxPair pair)
    {
        var client = pair.OpenClient()!;
        pair.Settle();
        var upstream = pair.ConnectUpstream()!;
        pair.Settle();
        return (client, upstream);
    }

    private static (ITunnelStream Stream, ScriptedEndpoint End)? Any(
        List<(ITunnelStream Stream, ScriptedEndpoint End)> ends, Random random) =>
        ends.Count == 0 ? null : ends[random.Next(ends.Count)];

    private static ITunnelSession? Any(List<ITunnelSession> sessions, Random random) =>
        sessions.Count == 0 ? null : sessions[random.Next(sessions.Count)];
}
