using Tunnel.Hub.Targets;

namespace Tunnel.Hub.UnitTests.Targets;

public sealed class HeaderDoubtTests
{
    [Fact]
    public void Five_in_a_row_raise_it_once_and_one_that_goes_otherwise_ends_it()
    {
        var doubt = new HeaderDoubt();
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < 4; i++)
                Assert.False(doubt.NoteHungUp());
            Assert.False(doubt.IsRaised);
            Assert.True(doubt.NoteHungUp());
            Assert.True(doubt.IsRaised);
            Assert.False(doubt.NoteHungUp());
            doubt.NoteFine();
            Assert.False(doubt.IsRaised);
        }
    }

    [Fact]
    public void Four_and_a_good_one_and_four_are_no_reason()
    {
        var doubt = new HeaderDoubt();
        for (var i = 0; i < 8; i++)
        {
            if (i == 4)
                doubt.NoteFine();
            Assert.False(doubt.NoteHungUp());
        }
    }
}
