using Tunnel.Shared.Transport;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Transport;

public class SweeperTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly Sweeper _sweeper;

    public SweeperTests() => _sweeper = new Sweeper(_time);

    [Fact]
    public void The_period_leaves_a_reset_noticed_within_a_second() => Assert.Equal(TimeSpan.FromMilliseconds(500), Sweeper.Period);

    [Fact]
    public void An_item_is_called_once_a_period_until_it_wants_no_more()
    {
        var item = new Item(sweeps: 3);
        _sweeper.Add(item);
        Assert.Equal(0, item.Calls);
        _time.Advance(Sweeper.Period - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, item.Calls);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, item.Calls);
        _time.Advance(Sweeper.Period);
        Assert.Equal(2, item.Calls);
        _time.Advance(10 * Sweeper.Period);
        Assert.Equal(3, item.Calls);
    }

    [Fact]
    public void It_rests_while_there_is_nothing_to_do()
    {
        Assert.Equal(0, _time.WaitingTimers);
        _sweeper.Add(new Item(1));
        _sweeper.Add(new Item(2));
        Assert.Equal(1, _time.WaitingTimers);
        _time.Advance(Sweeper.Period);
        Assert.Equal(1, _time.WaitingTimers);
        _time.Advance(Sweeper.Period);
        Assert.Equal(0, _time.WaitingTimers);

        var late = new Item(1);
        _sweeper.Add(late);
        Assert.Equal(1, _time.WaitingTimers);
        _time.Advance(Sweeper.Period);
        Assert.Equal((1, 0), (late.Calls, _time.WaitingTimers));
    }

    [Fact]
    public void An_item_added_during_a_sweep_is_called_from_the_next_one_on()
    {
        var second = new Item(1);
        _sweeper.Add(new Item(1, () => _sweeper.Add(second)));
        _time.Advance(Sweeper.Period);
        Assert.Equal(0, second.Calls);
        _time.Advance(Sweeper.Period);
        Assert.Equal((1, 0), (second.Calls, _time.WaitingTimers));
    }

    [Fact]
    public void An_item_may_add_itself_again_as_it_leaves()
    {
        Item item = null!;
        var again = 2;
        item = new Item(1, () =>
        {
            if (again-- > 0)
                _sweeper.Add(item);
        });
        _sweeper.Add(item);
        _time.Advance(10 * Sweeper.Period);
        Assert.Equal((3, 0), (item.Calls, _time.WaitingTimers));
    }

    [Fact]
    public void Random_items_are_each_called_as_often_as_they_want()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            List<Item> items = [];
            for (var step = 0; step < 50; step++)
            {
                if (random.Next(2) == 0)
                {
                    var item = new Item(random.Next(1, 10));
                    items.Add(item);
                    _sweeper.Add(item);
                }
                else
                {
                    _time.Advance(Sweeper.Period * random.Next(3));
                }
            }

            _time.Advance(20 * Sweeper.Period);
            Assert.All(items, item => Assert.Equal(item.Wanted, item.Calls));
            Assert.Equal(0, _time.WaitingTimers);
        }
    }

    private sealed class Item(int sweeps, Action? onSweep = null) : ISweepable
    {
        public int Wanted => sweeps;

        public int Calls { get; private set; }

        public bool Sweep()
        {
            onSweep?.Invoke();
            return ++Calls < sweeps;
        }
    }
}
