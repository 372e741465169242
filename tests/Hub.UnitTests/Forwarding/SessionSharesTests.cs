using System.Net;
using Tunnel.Hub.Forwarding.Shares;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.UnitTests.Forwarding;

public sealed class SessionSharesTests
{
    private readonly SessionShares _shares = new();
    private long _now;

    [Fact]
    public void A_flood_at_one_edge_takes_nothing_from_another()
    {
        var honest = Enumerable.Range(0, 10).Select(i => Add("honest", 53, $"192.0.2.{i}")).ToArray();
        for (var i = 0; i < 1000; i++)
            Add("flooded", 53, $"198.51.{i / 250}.{i % 250}");
        for (var i = 0; i < 1000; i++)
        {
            Assert.Equal("flooded", Evict("flooded").Edge);
            Add("flooded", 53, $"203.0.{i / 250}.{i % 250}");
        }

        Assert.Equal("flooded", Evict("honest").Edge);
        Assert.All(honest, session => Assert.NotNull(session.Share));
    }

    [Fact]
    public void Among_equal_edges_who_wants_another_session_gives_one()
    {
        Add("a", 53, "192.0.2.1");
        Add("b", 53, "192.0.2.1");
        Assert.Equal("a", Evict("a").Edge);
        Assert.Equal("b", Evict("c").Edge);
    }

    [Fact]
    public void Then_the_port_with_most_gives()
    {
        var game = Add("a", 27015, "192.0.2.1");
        for (var i = 0; i < 20; i++)
            Add("a", 53, $"192.0.2.{i}");
        for (var i = 0; i < 20; i++)
            Evict("a");

        Assert.NotNull(game.Share);
        Assert.Equal(1, _shares.Count);
    }

    [Fact]
    public void Forged_sources_give_way_to_each_other_and_not_busy_flows_to_them()
    {
        var busy = Enumerable.Range(0, 5).Select(i => TwoWay(Add("a", 53, "192.0.2.1"))).ToArray();
        for (var i = 0; i < 200; i++)
            Add("a", 53, $"198.51.100.{i}");
        for (var i = 0; i < 195; i++)
        {
            foreach (var session in busy)
                session.Active = ++_now;
            Assert.True(Evict("a").IsOneWay);
        }

        Assert.All(busy, session => Assert.NotNull(session.Share));
    }

    [Fact]
    public void An_address_that_has_more_than_its_part_gives_its_own()
    {
        var others = Enumerable.Range(0, 100).Select(i => Add("a", 53, $"198.51.100.{i}")).ToArray();
        for (var i = 0; i < 50; i++)
            TwoWay(Add("a", 53, "192.0.2.1"));
        for (var i = 0; i < 40; i++)
            Assert.Equal("192.0.2.1", Evict("a").Client);
        Assert.All(others, session => Assert.NotNull(session.Share));
    }

    [Fact]
    public void Of_flows_that_are_all_two_way_an_idle_one_goes_and_not_a_busy_one()
    {
        var sessions = Enumerable.Range(0, 100).Select(i => TwoWay(Add("a", 53, $"192.0.2.{i}"))).ToArray();
        foreach (var session in sessions.Where((_, i) => i != 70))
            session.Active = ++_now;
        // A look takes in 32 of them: those that were busy have a second chance.
        for (var i = 0; i < 2; i++)
            Add(Evict("a"));

        Assert.Same(sessions[70], Evict("a"));
    }

    [Fact]
    public void What_is_over_leaves_nothing_behind()
    {
        var sessions = Enumerable.Range(0, 100).Select(i => Add($"e{i % 3}", i % 7, $"192.0.2.{i}")).ToArray();
        TwoWay(sessions[5]);
        Assert.All(sessions, session => Assert.True(_shares.Remove(session)));
        Assert.All(sessions, session => Assert.False(_shares.Remove(session)));
        Assert.Equal(0, _shares.Count);
        Assert.Empty(_shares.All);
        Assert.Null(_shares.Evict("a"));
    }

    private Session Add(string edge, int port, string client) => Add(new Session(edge, port, client) { Active = ++_now });

    private Session Add(Session session)
    {
        _shares.Add(session, session.Edge, session.Port, AddressNumber.Of(IPAddress.Parse(session.Client)));
        return session;
    }

    private Session TwoWay(Session session)
    {
        _shares.NoteTwoWay(session);
        return session;
    }

    private Session Evict(string edge) => (Session)_shares.Evict(edge)!;

    private sealed class Session(string edge, int port, string client) : SharedSession
    {
        public string Edge => edge;

        public int Port => port;

        public string Client => client;

        public long Active { get; set; }

        public override long LastActive => Active;
    }
}
