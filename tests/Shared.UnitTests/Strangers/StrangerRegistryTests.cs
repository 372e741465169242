using System.Net;
using Microsoft.Win32.SafeHandles;
using Tunnel.Shared.Sockets;
using Tunnel.Shared.Strangers;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Strangers;

public sealed class StrangerRegistryTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly StrangerRegistry _registry;

    public StrangerRegistryTests() => _registry = new StrangerRegistry(new StrangerLimits(4, 2, TimeSpan.FromSeconds(10)), _time);

    [Fact]
    public void Over_the_total_the_oldest_gives_way()
    {
        var first = Enter("192.0.2.1");
        Enter("192.0.2.2");
        Enter("192.0.2.3");
        Enter("192.0.2.4");
        Enter("192.0.2.5", expectEvicted: first);

        Assert.Equal(4, _registry.Count);
        Assert.False(_registry.Leave(first));
    }

    [Fact]
    public void Over_the_limit_of_an_address_its_own_oldest_gives_way()
    {
        Enter("192.0.2.9");
        var second = Enter("2001:db8::1");
        Enter("2001:db8::2");
        Enter("2001:db8::3", expectEvicted: second);

        Assert.Equal(3, _registry.Count);
    }

    [Fact]
    public void Who_leaves_makes_room()
    {
        var first = Enter("192.0.2.1");
        Enter("192.0.2.1");
        Assert.True(_registry.Leave(first));
        Enter("192.0.2.1");

        Assert.Equal(2, _registry.Count);
    }

    [Fact]
    public void With_too_few_descriptors_the_oldest_gives_way_and_without_one_the_newcomer_has_to_go()
    {
        using var descriptors = new DescriptorGuard(() => 10_000, _time);
        using var plenty = new SafeFileHandle(100, ownsHandle: false);
        using var few = new SafeFileHandle(9_400, ownsHandle: false);
        using var fewest = new SafeFileHandle(9_600, ownsHandle: false);
        Assert.False(_registry.MayKeep(few, descriptors));
        var first = Enter("192.0.2.1");
        var second = Enter("192.0.2.2");

        Assert.True(_registry.MayKeep(plenty, descriptors));
        Assert.False(_registry.MayKeep(fewest, descriptors));
        Assert.Equal(2, _registry.Count);
        Assert.True(_registry.MayKeep(few, descriptors));
        Assert.Equal((true, false, 1), (first.GaveWay, second.GaveWay, _registry.Count));
    }

    [Fact]
    public void The_time_to_authenticate_is_limited()
    {
        var stranger = Enter("192.0.2.1");
        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(stranger.Limit.IsCancellationRequested);
        _time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.True(stranger.Limit.IsCancellationRequested);
        Assert.False(stranger.GaveWay);
    }

    [Fact]
    public void All_can_be_ended()
    {
        var stranger = Enter("192.0.2.1");
        _registry.EndAll();

        Assert.True(stranger.Limit.IsCancellationRequested);
        Assert.Equal(0, _registry.Count);
    }

    [Fact]
    public void Random_comings_and_goings_never_break_a_limit()
    {
        var random = new Random(1);
        var present = new List<Stranger>();
        for (var i = 0; i < 5000; i++)
        {
            if (present.Count > 0 && random.Next(3) == 0)
            {
                var leaving = present[random.Next(present.Count)];
                present.Remove(leaving);
                Assert.True(_registry.Leave(leaving));
            }
            else
            {
                present.Add(_registry.Enter(IPAddress.Parse($"192.0.2.{random.Next(5)}"), out var evicted));
                if (evicted is not null)
                    Assert.True(present.Remove(evicted));
            }

            Assert.Equal(present.Count, _registry.Count);
            Assert.InRange(present.Count, 0, 4);
            Assert.All(present.GroupBy(stranger => stranger.Prefix), ofPrefix => Assert.InRange(ofPrefix.Count(), 1, 2));
        }
    }

    private Stranger Enter(string address, Stranger? expectEvicted = null)
    {
        var stranger = _registry.Enter(IPAddress.Parse(address), out var evicted);
        Assert.Same(expectEvicted, evicted);
        return stranger;
    }
}
