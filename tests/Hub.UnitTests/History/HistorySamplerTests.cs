using Tunnel.Hub.History;
using Tunnel.TestUtilities;

namespace Tunnel.Hub.UnitTests.History;

/// <summary>The counters are read at the right times, in virtual time.</summary>
public sealed class HistorySamplerTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly TrafficHistory _history = new();
    private long _bytes;
    private int _reads;

    [Fact]
    public void The_counters_are_read_once_a_second_until_the_end()
    {
        var sampler = new HistorySampler(_history, Read, _time);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal([100, 100, 100], _history.Read(["vps"], false, 9).Edges[0].Points.Select(point => point.BytesIn));
        Assert.Equal(_time.GetUtcNow(), _history.Read([], false, 9).Until);

        sampler.Dispose();
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(3, _reads);
    }

    [Fact]
    public void A_reading_that_fails_is_made_up_for_by_the_next()
    {
        var broken = true;
        using var sampler = new HistorySampler(_history, () => broken ? throw new InvalidOperationException("not now") : Read(), _time);
        _time.Advance(TimeSpan.FromSeconds(1));
        broken = false;
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal([50, 50], _history.Read([], false, 9).Total.Select(point => point.BytesIn));
    }

    private TrafficReading[] Read()
    {
        _reads++;
        return [new TrafficReading("vps", _bytes += 100, 0, 1, 0)];
    }
}
