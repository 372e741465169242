using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Shared.Transport;

namespace Tunnel.Hub.UnitTests.Targets.Pools;

/// <summary>The pool knows which of its members can be used.</summary>
public sealed class TargetPoolTests
{
    private static readonly BreakerDefinition Breaker =
        new() { FailureThreshold = 3, OpenTimeout = 10, HalfOpenMaxRequests = 2, SuccessThreshold = 2 };

    [Fact]
    public void Each_address_of_a_name_is_a_member_and_members_follow_the_name()
    {
        var hub = new PoolFixture(new PoolPolicy { Targets = new TargetList([new TargetDefinition { Host = "web", Port = 8080 }]) });
        Assert.Null(hub.Next());
        hub.Resolve("web", "10.0.0.1", "2001:db8::2");
        hub.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(hub.Pool.ReadyAsync());
        Assert.Equal(["10.0.0.1:8080", "[2001:db8::2]:8080"], hub.Pool.Describe().Select(target => target.Target));
        var kept = hub.Take()!;

        hub.Resolve("web", "10.0.0.1", "10.0.0.3");
        hub.Time.Advance(TimeSpan.FromSeconds(5));
        hub.Pool.Refresh();
        Assert.Equal(["10.0.0.1:8080", "10.0.0.3:8080"], hub.Pool.Describe().Select(target => target.Target));
        Assert.Equal(1, hub.Pool.Describe()[0].ActiveConnections);
        Assert.False(kept.IsEjected);

        // A resolver that fails says nothing about where the targets are.
        hub.Resolve("web");
        hub.Time.Advance(TimeSpan.FromSeconds(5));
        hub.Pool.Refresh();
        Assert.Equal(2, hub.Pool.Count);
    }

    [Fact]
    public void A_backup_is_used_only_when_no_other_can_be()
    {
        var hub = new PoolFixture(new PoolPolicy
        {
            Targets = new TargetList(
                [
                    new TargetDefinition { Host = "10.0.0.1", MaxConnections = 1 },
                    new TargetDefinition { Host = "10.0.0.2", Backup = true }]),
        });
        Assert.Equal([1, 1], [hub.Next(), hub.Next()]);
        var use = hub.Take()!;
        Assert.Equal(2, hub.Next());
        use.End();
        Assert.Equal(1, hub.Next());
    }

    [Fact]
    public void A_target_with_as_many_as_it_may_have_or_without_weight_gets_none()
    {
        var hub = new PoolFixture(new PoolPolicy
        {
            Targets = new TargetList(
                [new TargetDefinition { Host = "10.0.0.1", MaxConnections = 2 }, new TargetDefinition { Host = "10.0.0.2", Weight = 0 }]),
        });
        Assert.NotNull(hub.Take());
        Assert.NotNull(hub.Take());
        Assert.Null(hub.Take());
    }

    [Fact]
    public void A_breaker_opens_after_failures_in_a_row_lets_a_few_try_and_closes_when_they_succeed()
    {
        var hub = new PoolFixture(new PoolPolicy { Targets = PoolFixture.Of(1), Breaker = Breaker });
        hub.Next(outcome: Fail);
        hub.Next(outcome: Fail);
        hub.Next(outcome: use => use.NoteFirstRead(LocalReadStatus.Data));
        hub.Next(outcome: Fail);
        hub.Next(outcome: Fail);
        Assert.Empty(hub.Seen);
        hub.Next(outcome: Fail);
        Assert.Equal(["down 10.0.0.1:80: connection refused, 3 connections in a row"], hub.Seen);
        Assert.Equal(TargetState.BreakerOpen, Assert.Single(hub.Pool.Describe()).State);
        Assert.Null(hub.Take());

        hub.Time.Advance(TimeSpan.FromSeconds(9));
        Assert.Null(hub.Take());
        hub.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TargetState.BreakerHalfOpen, Assert.Single(hub.Pool.Describe()).State);
        var (one, two) = (hub.Take()!, hub.Take()!);
        Assert.Null(hub.Take());
        one.NoteFirstRead(LocalReadStatus.Data);
        Assert.Single(hub.Seen);
        two.NoteConnected();

        // Nothing came back for a second, but it was not refused either.
        hub.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("up 10.0.0.1:80: its connections work again", hub.Seen[^1]);
        Assert.Equal(TargetState.Up, Assert.Single(hub.Pool.Describe()).State);
    }

    [Fact]
    public void One_that_tries_and_fails_opens_the_breaker_again_and_is_not_told_again()
    {
        var hub = new PoolFixture(new PoolPolicy { Targets = PoolFixture.Of(1), Breaker = Breaker });
        for (var i = 0; i < 3; i++)
            hub.Next(outcome: Fail);
        hub.Time.Advance(TimeSpan.FromSeconds(10));
        hub.Next(outcome: Fail);
        Assert.Null(hub.Take());
        hub.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.NotNull(hub.Take());
        Assert.Single(hub.Seen);
    }

    [Fact]
    public void A_probe_whose_client_goes_leaves_its_place_to_another()
    {
        var hub = new PoolFixture(new PoolPolicy { Targets = PoolFixture.Of(1), Breaker = Breaker with { HalfOpenMaxRequests = 1 } });
        for (var i = 0; i < 3; i++)
            hub.Next(outcome: Fail);
        hub.Time.Advance(TimeSpan.FromSeconds(10));
        for (var i = 0; i < 5; i++)
            Assert.NotNull(hub.Next());
        Assert.Equal(TargetState.BreakerHalfOpen, Assert.Single(hub.Pool.Describe()).State);
    }

    [Theory]
    [InlineData(LocalReadStatus.Reset, 0, true)]
    [InlineData(LocalReadStatus.Reset, 2, false)]
    [InlineData(LocalReadStatus.EndOfFile, 0, false)]
    public void A_reset_within_a_second_and_before_any_byte_is_a_failure(LocalReadStatus first, int after, bool isFailure)
    {
        var hub = new PoolFixture(new PoolPolicy { Targets = PoolFixture.Of(1), Breaker = Breaker });
        var use = hub.Take()!;
        use.NoteConnected();
        hub.Time.Advance(TimeSpan.FromSeconds(after));
        use.NoteFirstRead(first);
        use.End();
        Assert.Equal(isFailure ? 1 : 0, Assert.Single(hub.Pool.Describe()).FailedConnections);
    }

    [Fact]
    public void When_too_few_work_all_are_used_and_that_is_said()
    {
        var hub = new PoolFixture(
            new PoolPolicy { Targets = PoolFixture.Of(1, 1, 1), Breaker = Breaker with { FailureThreshold = 1 }, PanicThreshold = 50 });
        Assert.Equal(1, hub.Next(outcome: Fail));
        Assert.DoesNotContain(1, Enumerable.Range(0, 10).Select(_ => hub.Next()));
        hub.Next(outcome: Fail);
        Assert.Equal([1, 2, 3], Enumerable.Range(0, 30).Select(_ => hub.Next()!.Value).Distinct().Order());
        Assert.Contains("panic", hub.Seen);

        hub.Time.Advance(TimeSpan.FromSeconds(10));
        hub.Next();
        Assert.Equal("calm", hub.Seen[^1]);
    }

    [Fact]
    public void A_recovered_target_gets_a_quarter_of_its_clients_first_and_all_after_its_time()
    {
        var hub = new PoolFixture(new PoolPolicy
        {
            Targets = PoolFixture.Of(1, 1),
            Breaker = Breaker with { FailureThreshold = 1, SuccessThreshold = 1 },
            SlowStart = TimeSpan.FromSeconds(30),
        });
        Assert.Equal(1, hub.Next(outcome: Fail));
        hub.Time.Advance(TimeSpan.FromSeconds(10));
        while (hub.Next(outcome: use => use.NoteFirstRead(LocalReadStatus.Data)) != 1)
        {
        }

        Assert.Equal([25, 50, 75, 100], Shares(hub));
        Assert.Equal(50, Enumerable.Range(0, 100).Count(_ => hub.Next() == 1));
    }

    private static int[] Shares(PoolFixture hub)
    {
        var shares = new List<int>();
        for (var i = 0; i < 4; i++)
        {
            var share = hub.Pool.Describe()[0].Share;
            shares.Add(share);
            // The member that comes back gets one part in five: its quarter beside the other's four.
            if (i == 0)
                Assert.InRange(Enumerable.Range(0, 100).Count(_ => hub.Next() == 1), 19, 21);
            hub.Time.Advance(TimeSpan.FromSeconds(10));
        }

        return [.. shares];
    }

    private static void Fail(PoolUse use) => use.NoteFailed(StreamFailure.Refused);
}
