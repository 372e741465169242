using Tunnel.Hub.Edges.Live;

namespace Tunnel.Hub.UnitTests.Edges.Live;

public sealed class TunnelRivalryTests
{
    [Theory]
    [InlineData("a", null, "a", null, "OlderDrains")]
    [InlineData("a", null, "b", "a", "OlderDrains")]
    [InlineData("b", "a", "a", null, "NewcomerDrains")]
    [InlineData("a", null, "b", null, "ProbeOlder")]
    [InlineData("a", null, "b", "c", "ProbeOlder")]
    [InlineData("", null, "b", null, "ProbeOlder")]
    [InlineData("", null, "b", "", "ProbeOlder")]
    [InlineData("", null, "", null, "ReplaceOlder")]
    [InlineData("a", null, "", null, "ReplaceOlder")]
    public void Follows_the_rule_of_the_protocol(
        string older, string? olderSupersedes, string newcomer, string? newcomerSupersedes, string expected)
    {
        var outcome = TunnelRivalry.Decide(
            new TunnelIdentity(older, olderSupersedes), new TunnelIdentity(newcomer, newcomerSupersedes), TimeSpan.FromDays(1));

        Assert.Equal(expected, outcome.ToString());
    }

    [Theory]
    [InlineData("a", "OlderDrains")]
    [InlineData("", "ReplaceOlder")]
    public void One_that_takes_over_asks_nobody(string older, string expected) => Assert.Equal(
        expected, TunnelRivalry.Decide(
            new TunnelIdentity(older, null), new TunnelIdentity("b", null, TakesOver: true), TimeSpan.FromDays(1)).ToString());

    [Theory]
    [InlineData(9.9, "RefuseNewcomer")]
    [InlineData(10, "ReplaceOlder")]
    public void A_base_peer_replaces_at_most_once_in_ten_seconds(double seconds, string expected)
    {
        var outcome = TunnelRivalry.Decide(TunnelIdentity.Unknown, TunnelIdentity.Unknown, TimeSpan.FromSeconds(seconds));

        Assert.Equal(expected, outcome.ToString());
    }
}
