using Tunnel.Hub.Events;

namespace Tunnel.Hub.UnitTests.Events;

public sealed class EventHistoryTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddSeconds(5);

    [Fact]
    public void What_came_after_an_id_is_told()
    {
        var history = With(5);

        Assert.Equal(["5000-4", "5000-5"], Ids(history, "5000-3"));
        Assert.Empty(Ids(history, "5000-5"));
    }

    [Theory]
    [InlineData("4000-5")]
    [InlineData("")]
    [InlineData("5000")]
    [InlineData("5000-")]
    [InlineData("5000--1")]
    [InlineData("5000-99999999999999999999999")]
    public void Who_was_there_in_another_run_or_says_nonsense_gets_everything(string id) => Assert.Equal(5, Ids(With(5), id).Length);

    [Fact]
    public void The_last_thousand_are_kept()
    {
        var ids = Ids(With(1007), "5000-1");

        Assert.Equal(1000, ids.Length);
        Assert.Equal(("5000-8", "5000-1007"), (ids[0], ids[^1]));
    }

    private static string[] Ids(EventHistory history, string after) => [.. history.After(after).Select(entry => entry.Id!)];

    private static EventHistory With(int events)
    {
        var history = new EventHistory(Start);
        for (var i = 0; i < events; i++)
            history.Add(new EventEntry(history.NextId, "edgeConnected", "{}"));
        return history;
    }
}
