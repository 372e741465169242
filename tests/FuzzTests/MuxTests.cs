using Tunnel.FuzzTests.Mux;

namespace Tunnel.FuzzTests;

/// <summary>Scripts move something, and what is wrong on the way is seen.</summary>
public sealed class MuxTests
{
    private readonly MuxWorld _world = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_said_is_heard(bool extended)
    {
        Open(extended, checks: true);
        _world.Clients[0].Client.Say(100_000);
        _world.Upstreams[0].Upstream.Say(1_000);
        _world.Finish(mustComplete: true);
        Assert.Equal((100_000, 1_000), (_world.Upstreams[0].Upstream.Heard, _world.Clients[0].Client.Heard));
        Assert.True(_world.Upstreams[0].Upstream.IsClosed && _world.Clients[0].Client.IsClosed);
    }

    [Fact]
    public void A_byte_that_was_changed_on_an_honest_way_is_a_finding()
    {
        Open(extended: true, checks: true);
        _world.Clients[0].Client.Say(1_000);
        _world.OnTheWay(toHub: true).Sent[500] ^= 1;
        Assert.ThrowsAny<Exception>(() => _world.Finish(mustComplete: true));
    }

    [Fact]
    public void A_byte_that_was_lost_is_a_finding()
    {
        Open(extended: true, checks: true);
        _world.Clients[0].Client.Say(1_000);
        _world.OnTheWay(toHub: true).Take(1);
        Assert.ThrowsAny<Exception>(() => _world.Finish(mustComplete: true));
    }

    private void Open(bool extended, bool checks)
    {
        _world.Start(extended, checks);
        _world.OpenClient();
        _world.Settle();
        _world.AnswerOpen(refuse: false);
        _world.Settle();
    }
}
