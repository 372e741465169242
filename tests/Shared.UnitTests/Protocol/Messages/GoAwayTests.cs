using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.UnitTests.Protocol.Messages;

public class GoAwayTests
{
    [Fact]
    public void A_message_is_read_and_written_byte_for_byte()
    {
        var json = """{"reason":"shutdown","lastStreamId":4294967295}"""u8;
        Assert.True(ControlMessage.TryParseGoAway(json, out var goAway, out _));
        Assert.Equal(new GoAway(GoAway.Shutdown, uint.MaxValue), goAway);
        Assert.Equal(json, ControlMessage.Serialize(goAway));
    }

    [Fact]
    public void The_reasons_are_frozen() =>
        Assert.Equal(("shutdown", "conflict", "replaced"), (GoAway.Shutdown, GoAway.Conflict, GoAway.Replaced));

    [Theory]
    [InlineData("""{"lastStreamId":-1}""", "lastStreamId: -1 is not an integer from 0 to 4294967295")]
    [InlineData("""{"lastStreamId":4294967296}""", "lastStreamId: 4294967296 is not an integer from 0 to 4294967295")]
    [InlineData("""{"reason":[]}""", "reason: a list is not a string")]
    public void What_is_wrong_is_named_with_member_and_value(string json, string expected)
    {
        Assert.False(ControlMessage.TryParseGoAway(Encoding.UTF8.GetBytes(json), out _, out var error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void What_is_written_is_read_again_the_same() =>
        Prop.ForAll(
            Generators.Text.Where(text => text.Length <= 256).ToArbitrary(), Gen.Choose(0, int.MaxValue).ToArbitrary(), (reason, id) =>
        {
            var goAway = new GoAway(reason, 2u * (uint)id);
            return ControlMessage.TryParseGoAway(ControlMessage.Serialize(goAway), out var read, out _) && read == goAway;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void No_input_throws() =>
        HostileInput.FeedBounded(
            input => Assert.Equal(ControlMessage.TryParseGoAway(input, out var goAway, out var error), goAway is not null && error is null),
            ["""{"reason":"conflict","lastStreamId":12}"""u8.ToArray()],
            maxAllocated: 128 * 1024);
}
