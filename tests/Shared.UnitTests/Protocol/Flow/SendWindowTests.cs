using Tunnel.Shared.Protocol.Flow;

namespace Tunnel.Shared.UnitTests.Protocol.Flow;

public class SendWindowTests
{
    [Fact]
    public void Credit_is_what_was_given_and_not_taken()
    {
        var random = new Random(3);
        for (var sequence = 0; sequence < 10_000; sequence++)
        {
            var initial = random.Next(1 << 20);
            var window = new SendWindow(initial);
            long model = initial;
            for (var step = 0; step < 20; step++)
            {
                if (random.Next(2) == 0)
                {
                    var bytes = random.Next(8) == 0 ? (uint)random.NextInt64(1L << 32) : (uint)random.Next(1 << 20);
                    var fits = model + bytes <= 2_147_483_648;
                    Assert.Equal(fits, window.TryAdd(bytes));
                    if (fits)
                        model += bytes;
                }
                else
                {
                    var bytes = (int)Math.Min(model, random.Next(1 << 20));
                    window.Take(bytes);
                    model -= bytes;
                }

                Assert.Equal(model, window.Credit);
                Assert.InRange(window.Credit, 0, 2_147_483_648);
            }
        }
    }

    [Fact]
    public void More_than_there_is_can_t_be_taken()
    {
        var window = new SendWindow(10);
        Assert.Throws<ArgumentOutOfRangeException>(() => window.Take(11));
        Assert.Equal(10, window.Credit);
    }

    [Fact]
    public void Credit_beyond_all_reason_is_refused_and_changes_nothing()
    {
        var window = new SendWindow(1);
        Assert.False(window.TryAdd(uint.MaxValue));
        Assert.False(window.TryAdd(1u << 31));
        Assert.Equal(1, window.Credit);
        Assert.True(window.TryAdd((1u << 31) - 1));
        Assert.False(window.TryAdd(1));
        Assert.True(window.TryAdd(0));
    }
}
