using Tunnel.Hub.History;

namespace Tunnel.Hub.UnitTests.History;

/// <summary>The history keeps, second by second, the figures that graphs are drawn of.</summary>
public sealed class TrafficHistoryTests
{
    private static readonly DateTimeOffset Start = new(2025, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly TrafficHistory _history = new();
    private DateTimeOffset _now = Start;

    [Fact]
    public void Each_point_is_what_was_counted_in_its_second()
    {
        Pass(1, Edge("a", 100, 10, 1), Edge("b", 50, 5, 2));
        Pass(1, Edge("a", 350, 20, 3), Edge("b", 50, 5, 2));

        var view = _history.Read(["a", "b", "unknown"], inTens: false, 10);

        Assert.Equal(Start.AddSeconds(2), view.Until);
        Assert.Equal([150, 250], view.Total.Select(point => point.BytesIn));
        Assert.Equal([15, 10], view.Total.Select(point => point.BytesOut));
        Assert.Equal([3, 5], view.Total.Select(point => point.Streams));
        Assert.Equal(["a", "b"], view.Edges.Select(edge => edge.EdgeId));
        Assert.Equal([50, 0], view.Edges[1].Points.Select(point => point.BytesIn));
    }

    [Fact]
    public void Tens_are_means_of_whole_steps_and_end_with_the_last_of_them()
    {
        for (var second = 1; second <= 25; second++)
            Pass(1, Edge("a", 100 * second, 0, second));

        var view = _history.Read(["a"], inTens: true, 100);

        Assert.Equal(Start.AddSeconds(20), view.Until);
        Assert.Equal([100, 100], view.Total.Select(point => point.BytesIn));
        Assert.Equal([10, 20], view.Edges[0].Points.Select(point => point.Streams));
    }

    [Fact]
    public void Seconds_in_which_nobody_could_count_share_what_was_counted()
    {
        Pass(1, Edge("a", 0, 0, 0));
        Pass(4, Edge("a", 400, 0, 0));
        Pass(0, Edge("a", 999, 0, 0));

        Assert.Equal([0, 100, 100, 100, 100], _history.Read([], inTens: false, 10).Total.Select(point => point.BytesIn));
    }

    [Fact]
    public void An_hour_later_the_rings_have_their_size_and_the_latest_points()
    {
        for (var second = 1; second <= 4000; second++)
            Pass(1, Edge("a", 0, 0, second));
        var seconds = _history.Read([], inTens: false, int.MaxValue).Total;
        var tens = _history.Read([], inTens: true, int.MaxValue).Total;
        Assert.Equal((300, 3701, 4000), (seconds.Length, seconds[0].Streams, seconds[^1].Streams));
        Assert.Equal((360, 410, 4000), (tens.Length, tens[0].Streams, tens[^1].Streams));

        // This one step is longer than the rings last.
        Pass(100_000, Edge("a", 0, 0, 7));
        Assert.All(_history.Read(["a"], inTens: true, int.MaxValue).Total, point => Assert.Equal(7, point.Streams));
    }

    [Fact]
    public void Counters_that_begin_again_are_all_new()
    {
        Pass(1, Edge("a", 5000, 5000, 0));
        Pass(1, Edge("a", 30, 40, 0));

        Assert.Equal((30, 40), (_history.Read([], false, 1).Total[0].BytesIn, _history.Read([], false, 1).Total[0].BytesOut));
    }

    [Fact]
    public void An_edge_is_kept_while_it_is_away_for_an_hour_and_its_other_seconds_are_empty()
    {
        Pass(1, Edge("a", 100, 0, 1));
        Pass(1);
        Assert.Equal([100, 0], _history.Read(["a"], false, 2).Edges[0].Points.Select(point => point.BytesIn));

        for (var second = 0; second < 3598; second++)
            Pass(1);
        Assert.Single(_history.Read(["a"], false, 2).Edges);
        Pass(1);
        Assert.Empty(_history.Read(["a"], false, 2).Edges);
    }

    [Fact]
    public void More_edges_than_have_tracks_are_in_the_total()
    {
        Pass(1, [.. Enumerable.Range(0, TrafficHistory.MaxEdges + 5).Select(i => Edge($"edge-{i}", 1, 0, 1))]);

        var view = _history.Read(Enumerable.Range(0, TrafficHistory.MaxEdges + 5).Select(i => $"edge-{i}"), false, 1);

        Assert.Equal(TrafficHistory.MaxEdges, view.Edges.Count);
        Assert.Equal(TrafficHistory.MaxEdges + 5, view.Total[0].BytesIn);
    }

    [Fact]
    public void A_removed_edge_is_forgotten_at_once()
    {
        Pass(1, Edge("a", 100, 0, 1));
        _history.Forget("a");
        Assert.Empty(_history.Read(["a"], false, 1).Edges);

        Pass(1, Edge("a", 5, 0, 1));
        Assert.Equal([0, 5], _history.Read(["a"], false, 2).Edges[0].Points.Select(point => point.BytesIn));
    }

    private static TrafficReading Edge(string id, long bytesIn, long bytesOut, int streams) => new(id, bytesIn, bytesOut, streams, 0);

    private void Pass(int seconds, params TrafficReading[] readings)
    {
        _now = _now.AddSeconds(seconds);
        _history.Record(readings, seconds, _now);
    }
}
