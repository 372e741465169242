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
            for (var count = 0; count < tries.Get; count++)
            {
                var ceiling = backoff.Ceiling;
                var delay = backoff.Next();
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
            Math.Abs(
                (new Backoff(() => share).Next() - (Backoff.FirstCeiling * share)).TotalMilliseconds) < 0.01).QuickCheckThrowOnFailure();

    [Fact]
    public void A_tunnel_that_was_there_for_two_seconds_starts_over()
    {
        // The link is cut every 25 s: each dial succeeds, and each loss is the first one.
        var backoff = new Backoff(() => 0);
        for (var cut = 0; cut < 10; cut++)
        {
            backoff.OnTunnelEnded(Backoff.ShortLived);
            Assert.Equal(Backoff.FirstCeiling, backoff.Ceiling);
            backoff.Next();
            backoff.Next();
        }
    }

    [Fact]
    public void Tunnels_that_end_at_once_again_and_again_wait_ever_longer()
    {
        var backoff = new Backoff(() => 0);
        double[] ceilings = [.. Enumerable.Range(0, 4).Select(_ => AfterShort())];
        Assert.Equal([0.5, 1, 2, 4], ceilings);

        backoff.OnTunnelEnded(Backoff.ShortLived);
        Assert.Equal(Backoff.FirstCeiling, backoff.Ceiling);

        double AfterShort()
        {
            backoff.OnTunnelEnded(Backoff.ShortLived - TimeSpan.FromMilliseconds(1));
            var ceiling = backoff.Ceiling.TotalSeconds;
            backoff.Next();
            return ceiling;
        }
    }

    [Fact]
    public void One_that_ends_at_once_after_failures_starts_over()
    {
        // The hub is back, and was restarted once more.
        var backoff = new Backoff(() => 0);
        for (var count = 0; count < 6; count++)
            backoff.Next();
        backoff.OnTunnelEnded(TimeSpan.Zero);
        Assert.Equal(Backoff.FirstCeiling, backoff.Ceiling);
    }
}
