using Tunnel.Shared.Transport;

namespace Tunnel.Shared.UnitTests.Transport;

public sealed class PeerDoubtTests
{
    private readonly PeerDoubt _doubt = new(0);
    private long _now;
    private long _heard;
    private long _passed;
    private long _carried;

    [Fact]
    public void A_quiet_tunnel_whose_hub_asks_in_time_is_never_asked()
    {
        for (var i = 0; i < 100; i++)
        {
            if (i % 15 == 0)
                _heard++;
            Assert.Equal(DoubtStep.None, Look());
        }
    }

    [Fact]
    public void Silence_after_traffic_is_worth_a_question_and_no_answer_a_doubt()
    {
        _carried++;
        Assert.Equal(
            [DoubtStep.None, DoubtStep.None, DoubtStep.Ask, DoubtStep.None, DoubtStep.None, DoubtStep.Doubt, DoubtStep.None], Steps(7));
        Assert.True(_doubt.IsOn);
    }

    [Fact]
    public void Overdue_pings_are_worth_a_question_too()
    {
        Assert.All(Steps(16), static step => Assert.Equal(DoubtStep.None, step));
        Assert.Equal(DoubtStep.Ask, Look());
    }

    [Fact]
    public void What_speaks_against_the_connection_is_worth_a_question_at_once()
    {
        _doubt.Suspect();
        Assert.Equal([DoubtStep.Ask, DoubtStep.None, DoubtStep.None, DoubtStep.Doubt], Steps(4));
    }

    [Fact]
    public void An_answer_ends_the_question_and_traffic_is_worth_one_only()
    {
        _carried++;
        Assert.Contains(DoubtStep.Ask, Steps(3));
        (_heard, _passed) = (_heard + 1, _passed + 1);
        Assert.All(Steps(15), static step => Assert.Equal(DoubtStep.None, step));
        Assert.False(_doubt.IsOn);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_direction_alone_is_no_answer(bool heard)
    {
        _carried++;
        Steps(3);
        if (heard)
            _heard++;
        else
            _passed++;
        Assert.Contains(DoubtStep.Doubt, Steps(4));
    }

    [Fact]
    public void A_hub_that_comes_back_ends_the_doubt()
    {
        _carried++;
        Steps(10);
        Assert.True(_doubt.IsOn);
        (_heard, _passed) = (_heard + 1, _passed + 1);
        Assert.Equal(DoubtStep.None, Look());
        Assert.False(_doubt.IsOn);
    }

    private List<DoubtStep> Steps(int count) => [.. Enumerable.Range(0, count).Select(_ => Look())];

    private DoubtStep Look() => _doubt.Look(_now += 1_000, _heard, _passed, _carried);
}
