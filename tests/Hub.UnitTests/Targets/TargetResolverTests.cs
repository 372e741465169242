using System.Net;
using Tunnel.Hub.Targets;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.Targets;

public sealed class TargetResolverTests
{
    private readonly ManualTimeProvider _time = new();
    private int _asked;

    [Fact]
    public void Addresses_need_no_question()
    {
        Assert.True(Create().TryResolve("::1", out var addresses));
        Assert.Equal([IPAddress.IPv6Loopback], addresses);
        Assert.Equal(0, _asked);
    }

    [Fact]
    public async Task An_answer_is_kept_for_a_few_seconds()
    {
        var resolver = Create();
        Assert.False(resolver.TryResolve("upstream", out _));
        await resolver.ResolveAsync("upstream");
        Assert.True(resolver.TryResolve("upstream", out var addresses));
        Assert.Equal([IPAddress.Loopback], addresses);
        await resolver.ResolveAsync("upstream");
        Assert.Equal(1, _asked);

        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(resolver.TryResolve("upstream", out _));
        await resolver.ResolveAsync("upstream");
        Assert.Equal(2, _asked);
    }

    private TargetResolver Create() => new(_time, _ =>
    {
        _asked++;
        return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
    });
}
