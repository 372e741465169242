using Tunnel.Shared.Transport.Moving.Tables;

namespace Tunnel.Shared.UnitTests.Transport.Moving.Tables;

public sealed class OpenedNumbersTests
{
    private readonly OpenedNumbers _numbers = new();

    [Fact]
    public void Numbers_are_known_in_whatever_order_they_come()
    {
        foreach (var number in (uint[])[2, 1, 5, 4])
            _numbers.Add(number);

        Assert.Equal(
            [false, true, true, false, true, true, false], Enumerable.Range(0, 7).Select(i => i > 0 && _numbers.Contains((uint)i)));
    }

    [Fact]
    public void A_number_that_is_missing_for_long_counts_as_known()
    {
        for (uint number = 2; number <= OpenedNumbers.MostAhead + 1; number++)
            _numbers.Add(number);
        Assert.False(_numbers.Contains(1));

        _numbers.Add(OpenedNumbers.MostAhead + 2);

        Assert.True(_numbers.Contains(1));
        Assert.False(_numbers.Contains(OpenedNumbers.MostAhead + 3));
    }
}
