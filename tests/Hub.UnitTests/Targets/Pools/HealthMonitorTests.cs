using Tunnel.Hub.Edges.Definitions;
using Tunnel.Hub.Targets.Pools;
using Tunnel.Shared.Protocol.Addresses;

namespace Tunnel.Hub.UnitTests.Targets.Pools;

/// <summary>Checks decide which members are well, in virtual time.</summary>
public sealed class HealthMonitorTests
{
    private static readonly HealthCheckDefinition Check = new() { Type = HealthCheckType.Tcp, Interval = 10 };

    [Fact]
    public void A_target_is_down_after_three_failures_and_up_after_two_successes_and_only_changes_are_told()
    {
        var hub = new PoolFixture(new PoolPolicy { Targets = PoolFixture.Of(1, 1), HealthCheck = Check, SlowStart = TimeSpan.Zero });
        hub.Faults["10.0.0.1"] = "connect time-out";
        Advance(hub, rounds: 2);
        Assert.Empty(hub.Seen);
        Advance(hub, rounds: 1);
        Assert.Equal(["down 10.0.0.1:80: connect time-out, 3 of 3 checks"], hub.Seen);
        Assert.Equal([2, 2, 2], [hub.Next(), hub.Next(), hub.Next()]);
        var down = hub.Pool.Describe()[0];
        Assert.Equal((TargetState.Down, "connect time-out, 3 of 3 checks"), (down.State, down.Reason));
        Assert.NotNull(down.Since);
        Advance(hub, rounds: 5);
        Assert.Equal(down.Since, hub.Pool.Describe()[0].Since);

        hub.Faults.Clear();
        Advance(hub, rounds: 1);
        Assert.Single(hub.Seen);
        Advance(hub, rounds: 1);
        Assert.Equal("up 10.0.0.1:80: 2 checks in a row succeeded", hub.Seen[^1]);
        Assert.Equal([1, 2], new[] { hub.Next()!.Value, hub.Next()!.Value }.Order());
    }

    [Fact]
    public void A_recovered_target_gets_a_quarter_more_with_each_good_check()
    {
        var hub = new PoolFixture(new PoolPolicy { Targets = PoolFixture.Of(1, 1), HealthCheck = Check });
        hub.Faults["10.0.0.1"] = "connection refused";
        Advance(hub, rounds: 3);
        hub.Faults.Clear();
        Advance(hub, rounds: 2);
        var shares = new List<(int Share, int Clients)>();
        for (var i = 0; i < 5; i++)
        {
            shares.Add((hub.Pool.Describe()[0].Share, Enumerable.Range(0, 840).Count(_ => hub.Next() == 1)));
            Advance(hub, rounds: 1);
        }

        Assert.Equal([25, 50, 75, 100, 100], shares.Select(share => share.Share));
        Assert.All(shares.Zip([168, 280, 360, 420, 420]), pair => Assert.InRange(pair.First.Clients, pair.Second - 4, pair.Second + 4));
    }

    [Fact]
    public void A_hundred_ports_share_one_check_of_an_address()
    {
        var policy = new PoolPolicy { Targets = PoolFixture.Of(1, 1), HealthCheck = Check };
        var hub = new PoolFixture(policy);
        var others = Enumerable.Range(1, 100).Select(port => hub.CreatePool(policy, port)).ToArray();
        Assert.Equal(2, hub.Monitor.Count);
        Advance(hub, rounds: 3);
        Assert.Equal(3, hub.Checked.Count(address => address == "10.0.0.1"));

        foreach (var pool in others)
            pool.Close();
        Assert.Equal(2, hub.Monitor.Count);
        hub.Pool.Close();
        Assert.Equal(0, hub.Monitor.Count);
        hub.Checked.Clear();
        Advance(hub, rounds: 3);
        Assert.Empty(hub.Checked);
    }

    [Fact]
    public void Checks_that_begin_together_do_not_stay_together()
    {
        var hub = new PoolFixture(new PoolPolicy { Targets = PoolFixture.Of([.. Enumerable.Repeat(1, 200)]), HealthCheck = Check });
        var most = 0;
        for (var step = 0; step < 600; step++)
        {
            var before = hub.Checked.Count;
            hub.Time.Advance(TimeSpan.FromMilliseconds(100));
            most = Math.Max(most, step < 100 ? 0 : hub.Checked.Count - before);
        }

        // 200 checks in 10 s are two in each tenth of a second.
        Assert.InRange(most, 2, 40);
        Assert.InRange(hub.Checked.Count, 1_000, 1_400);
    }

    [Fact]
    public void However_many_checks_wait_one_timer_wakes_them()
    {
        var hub = new PoolFixture(new PoolPolicy { Targets = PoolFixture.Of([.. Enumerable.Repeat(1, 200)]), HealthCheck = Check });
        Assert.Equal(1, hub.Time.WaitingTimers);
        Advance(hub, rounds: 3);
        Assert.Equal(1, hub.Time.WaitingTimers);
        hub.Monitor.Dispose();
        Assert.Equal(0, hub.Time.WaitingTimers);
    }

    [Fact]
    public void A_breaker_and_the_checks_must_both_agree()
    {
        var hub = new PoolFixture(new PoolPolicy
        {
            Targets = PoolFixture.Of(1),
            HealthCheck = Check,
            Breaker = new BreakerDefinition { FailureThreshold = 1, OpenTimeout = 100 },
        });
        Advance(hub, rounds: 2);
        hub.Next(outcome: use => use.NoteFailed(Hub.Targets.StreamFailure.Refused));
        Advance(hub, rounds: 3);
        Assert.Null(hub.Next());
        hub.Faults["10.0.0.1"] = "status 500";
        Advance(hub, rounds: 10);
        Assert.Equal(TargetState.Down, hub.Pool.Describe()[0].State);
        Assert.Null(hub.Next());
    }

    [Fact]
    public void Another_check_takes_the_place_of_the_former_and_the_same_one_keeps_what_it_found()
    {
        var policy = new PoolPolicy { Targets = PoolFixture.Of(1, 1), HealthCheck = Check };
        var hub = new PoolFixture(policy);
        hub.Faults["10.0.0.1"] = "connection refused";
        Advance(hub, rounds: 3);
        hub.Pool.Change(PoolSpec.Of(policy with { Balance = Balance.LeastConnections }, "", 80));
        Assert.Equal(TargetState.Down, hub.Pool.Describe()[0].State);
        hub.Pool.Change(PoolSpec.Of(policy with { HealthCheck = Check with { Interval = 20 } }, "", 80));
        Assert.Equal(TargetState.Up, hub.Pool.Describe()[0].State);
        Assert.Equal(2, hub.Monitor.Count);
        hub.Pool.Change(PoolSpec.Of(policy, "", 80) with { Rule = new TargetRule(CidrSet.Parse("192.168.0.0/16"), null) });
        Assert.Equal(0, hub.Monitor.Count);
        hub.Pool.Change(PoolSpec.Of(policy with { HealthCheck = null }, "", 80));
        Assert.Equal(0, hub.Monitor.Count);
    }

    // A round is an interval with its jitter: the first check comes within a second, the next after 9 to 11.
    private static void Advance(PoolFixture hub, int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            var target = hub.Checked.Count(address => address == "10.0.0.1") + 1;
            var others = hub.Pool.Count < 2 ? 0 : hub.Checked.Count(address => address == "10.0.0.2") + 1;
            for (var step = 0; step < 600 && (Of(1) < target || Of(2) < others); step++)
                hub.Time.Advance(TimeSpan.FromMilliseconds(20));
        }

        int Of(int last) => hub.Checked.Count(address => address == $"10.0.0.{last}");
    }
}
