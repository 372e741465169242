using Tunnel.Hub.Keeping;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.TestUtilities;
using Tunnel.TestUtilities.Processes;

namespace Tunnel.Hub.UnitTests.Keeping;

/// <summary>Two hubs have one table in memory, and a clock that stands still.</summary>
public sealed class LeasesTests
{
    private const string Edge = "e";

    private readonly ManualTimeProvider _time = new();
    private readonly LeaseMemory _table = new();
    private readonly Leases _one;
    private readonly Leases _other;

    public LeasesTests() => (_one, _other) = (new Leases(_table, "one:8443 1", _time), new Leases(_table, "other:8443 2", _time));

    [Fact]
    public async Task The_first_that_asks_holds_it_and_the_other_knows_who()
    {
        await TakeAsync();
        await PassAsync(TimeSpan.FromMinutes(5), _one, _other);
        Assert.True(_one.IsHeld(Edge));
        Assert.Null(_one.OtherHolder(Edge));
        Assert.False(_other.IsHeld(Edge));
        Assert.Equal("one:8443", _other.OtherHolder(Edge));
    }

    [Fact]
    public async Task Of_a_holder_that_has_died_it_is_taken_within_twenty_seconds_and_not_before_fifteen()
    {
        await TakeAsync();
        await PassAsync(TimeSpan.FromSeconds(14), _other);
        Assert.False(_other.IsHeld(Edge));
        await PassAsync(TimeSpan.FromSeconds(6), _other);
        Assert.True(_other.IsHeld(Edge));

        // The first hub was only stopped for a while.
        await _one.RefreshAsync(CancellationToken.None);
        Assert.False(_one.IsHeld(Edge));
        Assert.Equal("other:8443", _one.OtherHolder(Edge));
    }

    [Fact]
    public async Task A_holder_that_is_started_again_has_what_it_had()
    {
        await TakeAsync();
        var again = new Leases(_table, "one:8443 1", _time);
        again.Add(Edge);
        await UntilAsync(again);
    }

    [Fact]
    public async Task A_holder_that_stops_leaves_it_to_the_other_at_once_and_one_that_is_replaced_does_not()
    {
        await TakeAsync();
        await _one.CloseAsync(isReleased: false);
        await _other.RefreshAsync(CancellationToken.None);
        Assert.False(_other.IsHeld(Edge));

        var next = new Leases(_table, "one:8443 1", _time);
        next.Add(Edge);
        await UntilAsync(next);
        await next.CloseAsync(isReleased: true);
        await _other.RefreshAsync(CancellationToken.None);
        Assert.True(_other.IsHeld(Edge));
    }

    [Fact]
    public async Task While_the_table_is_away_the_holder_goes_on_and_after_it_nobody_takes_what_is_renewed_soon()
    {
        await TakeAsync();
        _table.IsAway = true;
        for (var i = 0; i < 10; i++)
        {
            await Assert.ThrowsAsync<StateUnavailableException>(() => _one.RefreshAsync(CancellationToken.None));
            await Assert.ThrowsAsync<StateUnavailableException>(() => _other.RefreshAsync(CancellationToken.None));
            _time.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.True(_one.IsHeld(Edge));
        _table.IsAway = false;

        // The holder finds its loss later than the other.
        await PassAsync(TimeSpan.FromSeconds(10), _other);
        await PassAsync(TimeSpan.FromMinutes(1), _one, _other);
        Assert.True(_one.IsHeld(Edge));
        Assert.False(_other.IsHeld(Edge));
    }

    [Fact]
    public async Task One_that_fails_is_followed_by_one_that_does_not()
    {
        await TakeAsync();
        _one.Note(Edge, isFailing: true);
        await Eventually.IsTrueAsync(() => Task.FromResult(_table.Rows[Edge].IsFailing), "the word that it fails");
        await PassAsync(TimeSpan.FromMinutes(2), _other, _one);
        Assert.True(_other.IsHeld(Edge));
        Assert.False(_table.Rows[Edge].IsFailing);
    }

    [Fact]
    public async Task Where_both_fail_each_has_its_half_minute_and_whoever_has_the_tunnel_has_it_at_once()
    {
        await TakeAsync();
        var turns = 0;
        _one.Changed += _ => turns++;
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromMinutes(3); passed += TimeSpan.FromSeconds(5))
        {
            foreach (var hub in new[] { _one, _other }.Where(hub => hub.IsHeld(Edge)).ToArray())
                hub.Note(Edge, isFailing: true);
            await PassAsync(TimeSpan.FromSeconds(5), _one, _other);
        }

        Assert.InRange(turns, 2, 12);

        _other.IsInUse = static _ => true;
        if (_one.IsHeld(Edge))
            _one.Note(Edge, isFailing: true);
        await PassAsync(TimeSpan.FromSeconds(10), _one, _other);
        Assert.True(_other.IsHeld(Edge));
    }

    [Fact]
    public async Task What_is_wanted_no_more_is_let_go_of_and_another_hubs_is_left_alone()
    {
        await TakeAsync();
        _one.Begin();
        _other.Begin();
        _other.Remove(Edge);
        await _other.RefreshAsync(CancellationToken.None);
        Assert.True(_one.IsHeld(Edge));
        _one.Remove(Edge);
        await _one.RefreshAsync(CancellationToken.None);
        Assert.Empty(_table.Rows);
    }

    [Fact]
    public async Task A_process_that_starts_lets_go_of_nothing_before_it_knows_what_it_wants()
    {
        await TakeAsync();
        var next = new Leases(_table, "one:8443 1", _time);
        await next.RefreshAsync(CancellationToken.None);
        Assert.Equal("one:8443 1", _table.Rows[Edge].Holder);

        // It does not want this one any more.
        next.Begin();
        await Eventually.IsTrueAsync(() => Task.FromResult(_table.Rows.IsEmpty), "the lease to be free");
        await next.CloseAsync(isReleased: true);
    }

    [Fact]
    public async Task A_holder_renews_although_a_long_change_keeps_whoever_watches_the_database_from_having_it_look()
    {
        await TakeAsync();
        _one.Begin();
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromMinutes(1); passed += TimeSpan.FromSeconds(8))
        {
            var before = _table.Rows[Edge].Number;
            _time.Advance(TimeSpan.FromSeconds(8));
            await Eventually.IsTrueAsync(() => Task.FromResult(_table.Rows[Edge].Number > before), "the renewal");
            await _other.RefreshAsync(CancellationToken.None);
        }

        Assert.True(_one.IsHeld(Edge));
        Assert.False(_other.IsHeld(Edge));
        await _one.CloseAsync(isReleased: true);
    }

    [Fact]
    public async Task A_holder_that_leaves_keeps_what_is_in_use_until_it_is_not_and_takes_nothing_more()
    {
        var isInUse = true;
        _one.IsInUse = _ => isInUse;
        await TakeAsync();
        _table.Rows["another"] = new Lease("another", "dead:8443 3", 1, IsFailing: true);
        _one.Leave();
        _one.Add("another");
        _one.Add("free");
        await PassAsync(TimeSpan.FromMinutes(1), _one, _other);
        Assert.True(_one.IsHeld(Edge));
        Assert.False(_one.IsHeld("another"));
        Assert.False(_one.IsHeld("free"));

        isInUse = false;
        await _one.RefreshAsync(CancellationToken.None);
        await _other.RefreshAsync(CancellationToken.None);
        Assert.True(_other.IsHeld(Edge));
    }

    private async Task TakeAsync()
    {
        _one.Add(Edge);
        await UntilAsync(_one);
        _other.Add(Edge);
        await _other.RefreshAsync(CancellationToken.None);
        Assert.False(_other.IsHeld(Edge));
    }

    private static Task UntilAsync(Leases leases) => Eventually.IsTrueAsync(() => Task.FromResult(leases.IsHeld(Edge)), "the lease");

    /// <summary>Lets time pass in which some of the hubs look every two seconds.</summary>
    private async Task PassAsync(TimeSpan time, params Leases[] living)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromSeconds(2))
        {
            _time.Advance(TimeSpan.FromSeconds(2));
            foreach (var leases in living)
                await leases.RefreshAsync(CancellationToken.None);
        }
    }
}
