using Tunnel.Shared.Transport;

namespace Tunnel.Shared.UnitTests.Transport;

public class LivenessTests
{
    private const long Start = 1_000_000;
    private readonly Liveness _liveness = new(Start);

    [Fact]
    public void The_limits_are_those_of_the_protocol() =>
        Assert.Equal((15_000, 45_000), (Liveness.PingMilliseconds, Liveness.DeadMilliseconds));

    [Fact]
    public void A_ping_is_due_at_once_and_then_every_15_seconds()
    {
        Assert.True(_liveness.IsPingDue(Start));
        _liveness.MakePing(Start, 7, empty: false);
        Assert.False(_liveness.IsPingDue(Start + 14_999));
        Assert.True(_liveness.IsPingDue(Start + 15_000));
    }

    [Fact]
    public void The_peer_is_dead_when_nothing_came_for_45_seconds()
    {
        Assert.False(_liveness.IsDead(Start + 45_000));
        Assert.True(_liveness.IsDead(Start + 45_001));
        _liveness.OnReceived(Start + 45_001);
        Assert.False(_liveness.IsDead(Start + 90_001));
        Assert.True(_liveness.IsDead(Start + 90_002));
    }

    [Fact]
    public void A_ping_carries_its_time_and_the_pong_brings_it_back_once()
    {
        var payload = _liveness.MakePing(Start, 0x0102030405060708, empty: false);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], payload);
        Assert.Equal(0x0102030405060708, _liveness.OnPong(payload));
        Assert.Null(_liveness.OnPong(payload));
    }

    [Fact]
    public void A_pong_that_answers_no_ping_measures_nothing()
    {
        Assert.Null(_liveness.OnPong(new byte[8]));
        Assert.Null(_liveness.OnPong([]));
        var old = _liveness.MakePing(Start, 1, empty: false);
        var last = _liveness.MakePing(Start, 2, empty: false);
        Assert.Null(_liveness.OnPong(old));
        Assert.Null(_liveness.OnPong([.. last, 0]));
        Assert.Equal(2, _liveness.OnPong(last));
    }

    [Fact]
    public void A_base_peer_gets_an_empty_ping_and_its_pong_is_a_sign_of_life_only()
    {
        Assert.Empty(_liveness.MakePing(Start, 7, empty: true));
        var probe = _liveness.WaitForPong();
        Assert.Null(_liveness.OnPong("anything"u8));
        Assert.True(probe.IsCompletedSuccessfully);
    }

    [Fact]
    public void All_who_wait_hear_of_the_next_pong()
    {
        var first = _liveness.WaitForPong();
        var second = _liveness.WaitForPong();
        Assert.False(first.IsCompleted || second.IsCompleted);
        _liveness.OnPong([]);
        Assert.True(first.IsCompletedSuccessfully && second.IsCompletedSuccessfully);
        Assert.False(_liveness.WaitForPong().IsCompleted);
    }
}
