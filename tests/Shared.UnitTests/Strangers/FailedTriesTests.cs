using System.Net;
using Tunnel.Shared.Strangers;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Strangers;

public sealed class FailedTriesTests
{
    private static readonly IPAddress Address = IPAddress.Parse("192.0.2.1");
    private readonly ManualTimeProvider _time = new();
    private readonly FailedTries _tries;

    public FailedTriesTests() => _tries = new FailedTries(_time, limit: 10, capacity: 100);

    [Fact]
    public void Ten_failures_within_a_minute_block_for_a_minute()
    {
        Fail(9);
        Assert.False(_tries.IsBlocked(Address, "a"));
        Assert.True(_tries.AddFailure(Address, "a"));

        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.True(_tries.IsBlocked(Address, "a"));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(_tries.IsBlocked(Address, "a"));
    }

    [Fact]
    public void Slow_failures_never_block()
    {
        for (var i = 0; i < 50; i++)
        {
            Assert.False(_tries.AddFailure(Address, "a"));
            _time.Advance(TimeSpan.FromSeconds(7));
        }
    }

    [Fact]
    public void Other_ids_and_addresses_are_not_concerned()
    {
        Fail(10);

        Assert.True(_tries.IsBlocked(Address, "a"));
        Assert.False(_tries.IsBlocked(Address, "b"));
        Assert.False(_tries.IsBlocked(IPAddress.Parse("192.0.2.2"), "a"));
    }

    [Fact]
    public void Failures_while_blocked_do_not_prolong_the_block()
    {
        Fail(10);
        _time.Advance(TimeSpan.FromSeconds(30));
        Fail(20);
        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.False(_tries.IsBlocked(Address, "a"));
    }

    [Fact]
    public void A_right_secret_clears()
    {
        Fail(10);
        _tries.Clear(Address, "a");

        Assert.False(_tries.IsBlocked(Address, "a"));
        Assert.Equal(0, _tries.Count);
    }

    [Fact]
    public void The_table_is_bounded_and_forgets()
    {
        for (var i = 0; i < 1000; i++)
            _tries.AddFailure(Address, $"id{i}");
        Assert.Equal(100, _tries.Count);

        _time.Advance(TimeSpan.FromMinutes(3));
        _tries.AddFailure(Address, "a");
        Assert.Equal(1, _tries.Count);
    }

    private void Fail(int times)
    {
        for (var i = 0; i < times; i++)
            _tries.AddFailure(Address, "a");
    }
}
