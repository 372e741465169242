using FsCheck;
using FsCheck.Fluent;
using Tunnel.Shared.Transport;

namespace Tunnel.Shared.UnitTests.Transport;

public sealed class BackoffTests
{
    [Fact]
    public void A_wait_is_never_above_its_ceiling_and_the_ceiling_never_above_30_seconds() =>
        Prop.ForAll<int, PositiveInt>((seed, tries) =>
        {
            var random = new Random(seed);
            var backoff = new Backoff(random.NextDouble);
            for (int count = 0; count < tries.Get; count++)
            {
                TimeSpan ceiling = backoff.Ceiling;
                TimeSpan delay = backoff.Next();
                if (delay < TimeSpan.Zero || delay >= ceiling || ceiling > Backoff.LastCeiling)
                    return false;
            }

            return true;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_ceiling_doubles_from_half_a_second_to_30_seconds()
    {
        var backoff = new Backoff(() => 0.5);
        double[] ceilings = [.. Enumerable.Range(0, 9).Select(_ => backoff.Next().TotalSeconds * 2)];
        Assert.Equal([0.5, 1, 2, 4, 8, 16, 30, 30, 30], ceilings);
    }

    [Fact]
    public void The_jitter_is_full() =>
        Prop.ForAll(Gen.Choose(0, 999).Select(number => number / 1000.0).ToArbitrary(), share =>
            Math.Abs((new Backoff(() => share).Next() - (Backoff.FirstCeiling * share)).TotalMilliseconds) < 0.01).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(59.9, 8)]
    [InlineData(60, 0.5)]
    public void Only_a_minute_of_health_starts_over(double lifetime, double ceiling)
    {
        var backoff = new Backoff(() => 0);
        for (int count = 0; count < 4; count++)
            backoff.Next();
        backoff.OnTunnelEnded(TimeSpan.FromSeconds(lifetime));
        Assert.Equal(ceiling, backoff.Ceiling.TotalSeconds);
    }
}
