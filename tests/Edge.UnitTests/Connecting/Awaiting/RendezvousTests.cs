using Tunnel.Edge.Connecting.Awaiting;
using Tunnel.TestUtilities;

namespace Tunnel.Edge.UnitTests.Connecting.Awaiting;

/// <summary>The rendezvous decides who gets which of the hub's connections, and when the hub is asked for one.</summary>
public sealed class RendezvousTests : IDisposable
{
    private static readonly CancellationToken Never = CancellationToken.None;

    private readonly ManualTimeProvider _time = new();
    private readonly List<int> _asked = [];
    private readonly Rendezvous<string> _rendezvous;
    private int _unexpected;

    public RendezvousTests() => _rendezvous = new(_asked.Add, () => _unexpected++, _time);

    public void Dispose() => _rendezvous.Dispose();

    [Fact]
    public async Task A_connection_goes_to_the_wish_that_waits_and_a_tunnel_comes_before_lanes()
    {
        var lane = _rendezvous.WantAsync(isFirst: false, isNew: false, Never);
        var tunnel = _rendezvous.WantAsync(isFirst: true, isNew: false, Never);
        await _rendezvous.OfferAsync("a", _rendezvous.Arrive(), Never);
        Assert.Equal("a", await tunnel);
        Assert.False(lane.IsCompleted);
        await _rendezvous.OfferAsync("b", _rendezvous.Arrive(), Never);
        Assert.Equal("b", await lane);
        Assert.Equal(0, _unexpected);
    }

    [Fact]
    public async Task A_connection_that_nobody_wished_for_is_told_and_waits_and_the_newest_is_taken_first()
    {
        var older = _rendezvous.OfferAsync("older", _rendezvous.Arrive(), Never);
        var newer = _rendezvous.OfferAsync("newer", _rendezvous.Arrive(), Never);
        Assert.Equal(2, _unexpected);
        Assert.Equal("newer", await _rendezvous.WantAsync(isFirst: true, isNew: false, Never));
        await newer;
        Assert.False(older.IsCompleted);
        Assert.Empty(_asked);
    }

    [Fact]
    public async Task Who_wants_a_new_connection_gets_none_that_came_before_and_those_are_given_back()
    {
        var waiting = _rendezvous.OfferAsync("waits", _rendezvous.Arrive(), Never);
        var inHandshake = _rendezvous.Arrive();
        var probe = _rendezvous.WantAsync(isFirst: true, isNew: true, Never);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _rendezvous.OfferAsync("began before", inHandshake, Never));
        Assert.False(probe.IsCompleted);
        await _rendezvous.OfferAsync("new", _rendezvous.Arrive(), Never);
        Assert.Equal("new", await probe);
    }

    [Fact]
    public async Task The_hub_is_asked_for_all_wishes_together_and_again_while_they_wait()
    {
        using var giveUp = new CancellationTokenSource();
        var first = _rendezvous.WantAsync(isFirst: false, isNew: false, giveUp.Token);
        var second = _rendezvous.WantAsync(isFirst: false, isNew: false, Never);
        _time.Advance(Rendezvous<string>.Gathering);
        Assert.Equal([2], _asked);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _time.Advance(Rendezvous<string>.Repeat);
        Assert.Equal([2, 1], _asked);
        await _rendezvous.OfferAsync("a", _rendezvous.Arrive(), Never);
        await second;
        _time.Advance(10 * Rendezvous<string>.Repeat);
        Assert.Equal([2, 1], _asked);
    }

    [Fact]
    public async Task Wishes_that_come_and_go_quickly_ask_no_more_than_four_times_a_second()
    {
        var start = _time.GetUtcNow();
        while (_time.GetUtcNow() - start < TimeSpan.FromSeconds(10))
        {
            var wish = _rendezvous.WantAsync(isFirst: false, isNew: false, Never);
            _time.Advance(Rendezvous<string>.Gathering);
            await _rendezvous.OfferAsync("a", _rendezvous.Arrive(), Never);
            await wish;
        }

        Assert.InRange(_asked.Count, 30, 41);
    }
}
