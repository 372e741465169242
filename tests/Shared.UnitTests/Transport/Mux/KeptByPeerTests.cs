using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Buffers;
using Tunnel.Shared.Transport.Mux.Core;
using Tunnel.TestUtilities.Mux;

namespace Tunnel.Shared.UnitTests.Transport.Mux;

/// <summary>
/// What tunnels over TLS keep to send it again is bounded for each edge, in virtual time: one that acknowledges nothing takes neither
/// memory nor the right to resume from another.
/// </summary>
public sealed class KeptByPeerTests
{
    private const int Budget = 16 << 20;
    private const int Bytes = 3_000_000;
    private const string Edge = "edge";
    private const string Hostile = "hostile";
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    private static readonly FlowControlOptions Options = new() { MemoryBudget = Budget, InitialWindow = 4 << 20 };

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(40)]
    public void An_edge_that_acknowledges_nothing_on_many_connections_takes_no_right_to_resume_from_another(int connections)
    {
        var good = Connect(Edge);
        var memory = good.HubContext.Flow.Kept;
        MuxPair[] hostile = [.. Enumerable.Range(0, connections).Select(_ => Connect(Hostile, good))];
        foreach (var pair in hostile)
            FillFromHub(pair);
        Assert.InRange(
            hostile.Sum(static pair => Kept(pair).Held), memory.Limit / 3,
            (memory.Limit * 2 / 3) + memory.Reserve + (connections * KeptShare.Least));

        var (client, upstream) = Open(good);
        client.GiveRoom(int.MaxValue);
        upstream.GiveRoom(int.MaxValue);
        upstream.Say(Bytes);
        client.Say(Bytes);
        var random = new Random(connections);
        while (client.Heard < Bytes || upstream.Heard < Bytes)
        {
            good.Run();
            Assert.InRange(Kept(good).From, 0, Kept(good).Acknowledged);
            good.Cut(random.Next(300_000), random.Next(300_000));
            Assert.True(good.Resume());
            good.Advance(AckPace.Delay);
        }

        Assert.Empty(good.Ends);
        foreach (var pair in (MuxPair[])[good, .. hostile])
            pair.Break();
        good.CheckNothingIsLeft();
        Assert.Equal(memory.Limit, memory.Free);
        Assert.Equal((0, 0), (memory.Peers, good.EdgeContext.Flow.Kept.Peers));
    }

    [Fact]
    public void An_edge_that_has_control_sent_to_it_and_acknowledges_nothing_loses_only_its_own_right()
    {
        var good = Connect(Edge);
        var hostile = Connect(Hostile, good);
        FillFromHub(hostile);
        var kept = Kept(hostile);
        Assert.True(kept.IsFull);
        Assert.Equal(kept.Acknowledged, kept.From);

        // Control goes on: the reserve has room for it.
        var sent = kept.Sent;
        SendConfig(hostile);
        Assert.InRange(kept.Sent, sent + 1, sent + (1 << 20));
        Assert.Equal(kept.Acknowledged, kept.From);

        for (var i = 0; i < 20 && kept.From <= kept.Acknowledged; i++)
            SendConfig(hostile);
        Assert.True(kept.From > kept.Acknowledged);
        FillFromHub(good);
        Assert.Equal(Kept(good).Acknowledged, Kept(good).From);
        Assert.InRange(Kept(good).Held, 1 << 20, Budget);
    }

    [Fact]
    public void A_connection_waits_with_what_it_has_kept_while_its_edge_may_hold_no_more_and_goes_on_with_each_acknowledgement()
    {
        var pair = Connect(Edge);
        var memory = pair.HubContext.Flow.Kept;
        var (client, upstream) = Open(pair);
        client.GiveRoom(int.MaxValue);
        upstream.Say(500_000);
        pair.Run();
        var kept = Kept(pair);
        var sent = kept.Sent;
        Assert.True(sent - kept.Acknowledged > 500_000);
        TakeAll(memory);

        upstream.Say(Bytes - 500_000);
        pair.Run();
        Assert.Equal(sent, kept.Sent);
        Assert.Equal(kept.Acknowledged, kept.From);
        pair.Cut();
        Assert.True(pair.Resume());
        for (var i = 0; i < 1_000 && client.Heard < Bytes; i++)
        {
            pair.Carry(toHub: false, 100_000);
            pair.Advance(AckPace.Delay);
            pair.Carry(toHub: true);
        }

        Assert.Equal(Bytes, client.Heard);
    }

    [Fact]
    public void A_connection_that_holds_nothing_waits_for_nobody_and_may_resume_again_once_there_is_room()
    {
        var first = Connect(Edge);
        var memory = first.HubContext.Flow.Kept;
        var share = TakeAll(memory);
        var pair = Connect(Edge, first);
        var (client, upstream) = Open(pair);
        client.GiveRoom(int.MaxValue);
        upstream.Say(Bytes);
        pair.Settle();
        Assert.Equal(Bytes, client.Heard);
        Assert.Equal(0, Kept(pair).Held);

        share.Return(Budget);
        pair.Advance(AckPace.Delay);
        pair.Settle();
        upstream.Say(1_000);
        pair.Run();
        pair.Cut();
        Assert.True(pair.Resume());
        pair.Settle();
        Assert.Equal(Bytes + 1_000, client.Heard);
    }

    [Fact]
    public void When_memory_is_short_the_edge_that_holds_most_over_all_its_connections_loses_its_right_first()
    {
        var good = Connect(Edge);
        MuxPair[] many = [.. Enumerable.Range(0, 8).Select(_ => Connect(Hostile, good))];
        foreach (var pair in many)
        {
            var (_, upstream) = Open(pair);
            upstream.Say(200_000);
            pair.Run();
        }

        var (_, own) = Open(good);
        own.Say(400_000);
        good.Run();
        Assert.True(Kept(good).Held > Kept(many[0]).Held);
        var flow = good.HubContext.Flow;
        Assert.True(flow.Budget.TryTake((int)(flow.Budget.Limit - flow.Budget.Used)));
        flow.Budget.Return((int)(flow.Budget.Limit / 10) - 400_000);
        flow.Relieve();

        Assert.Equal(Kept(good).Acknowledged, Kept(good).From);
        Assert.Contains(many, static pair => Kept(pair).From > Kept(pair).Acknowledged);
    }

    private static KeptBytes Kept(MuxPair pair) => pair.Hub.Endpoint.Core.Kept;

    // The carrier takes whatever is said.
    private static MuxPair Connect(string edge, MuxPair? beside = null) =>
        new(options: Options, grace: Grace, underWay: 64 << 20, beside: beside, edge: edge);

    private static (ScriptedEndpoint Client, ScriptedEndpoint Upstream) Open(MuxPair pair)
    {
        var client = pair.OpenClient()!;
        pair.Settle();
        var upstream = pair.ConnectUpstream()!;
        pair.Settle();
        pair.Advance(AckPace.Delay);
        pair.Settle();
        return (client, upstream);
    }

    // Upstreams say as much as is sent, and the edge hears none of it.
    private static void FillFromHub(MuxPair pair)
    {
        var (_, first) = Open(pair);
        var (_, second) = Open(pair);
        first.Say(Bytes);
        second.Say(Bytes);
        pair.Run();
    }

    private static void SendConfig(MuxPair pair)
    {
        pair.Hub.Endpoint.SendConfig(new TunnelConfig { ListenPorts = [.. Enumerable.Range(1, 10_000)] });
        pair.Run();
    }

    // Other tunnels of the edge hold all that it may, and what of its reserve is for data.
    private static KeptShare TakeAll(KeptMemory memory)
    {
        var share = memory.Open(Edge);
        share.Take(Budget);
        Assert.True(share.TryTakeReserve((int)memory.Reserve / 2));
        return share;
    }
}
