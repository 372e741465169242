using System.Text;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.UnitTests.Protocol.Proxy;

public sealed class MovePayloadTests
{
    private const string Frozen = "PROXY UNKNOWN\r\nMOVE abc-_9 7 3 123456789012 5\r\n";
    private const string FrozenConnection = "PROXY UNKNOWN\r\nMOVE abc-_9 0 3 123456789012 5\r\n";
    private const string FrozenLiving = "PROXY UNKNOWN\r\nMOVE abc-_9 7 3\r\n";

    [Theory]
    [InlineData(Frozen, 7, true)]
    [InlineData(FrozenLiving, 7, false)]
    [InlineData(FrozenConnection, StreamMove.Connection, true)]
    public void A_payload_is_frozen_and_read_again(string frozen, uint stream, bool isLost)
    {
        var move = new StreamMove("abc-_9", stream, 3, isLost ? new StreamPoint(123_456_789_012, 5) : null);
        var buffer = new byte[OpenPayload.MaxLength];
        var length = MovePayload.Write(buffer, move);
        Assert.Equal(frozen, Encoding.ASCII.GetString(buffer, 0, length));
        Assert.True(MovePayload.TryParse(buffer.AsSpan(0, length), out var read));
        Assert.Equal(move, read);
    }

    [Fact]
    public void The_largest_has_room_in_an_OPEN()
    {
        var buffer = new byte[OpenPayload.MaxLength];
        var move = new StreamMove(
            new string('x', MovePayload.MaxTunnelId), uint.MaxValue, uint.MaxValue, new StreamPoint(long.MaxValue, long.MaxValue));
        Assert.True(MovePayload.TryParse(buffer.AsSpan(0, MovePayload.Write(buffer, move)), out var read));
        Assert.Equal(move, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("PROXY UNKNOWN\r\nPORT 443\r\n")]
    [InlineData("PROXY UNKNOWN\r\nMOVE abc 7\r\n")]
    [InlineData("PROXY UNKNOWN\r\nMOVE abc 7 1 2\r\n")]
    [InlineData("PROXY UNKNOWN\r\nMOVE abc 7 4294967296 1 2\r\n")]
    [InlineData("PROXY UNKNOWN\r\nMOVE abc 7 1 1 2")]
    [InlineData("PROXY UNKNOWN\r\nMOVE abc 7 1 1 2 3\r\n")]
    [InlineData("PROXY UNKNOWN\r\nMOVE abc 0 1\r\n")]
    [InlineData("PROXY UNKNOWN\r\nMOVE abc 4294967296 1 1 2\r\n")]
    [InlineData("PROXY UNKNOWN\r\nMOVE abc 7 1 -1 2\r\n")]
    [InlineData("PROXY UNKNOWN\r\nMOVE abc 7 1 +1 2\r\n")]
    [InlineData("PROXY UNKNOWN\r\nMOVE abc 7 1 01 2\r\n")]
    [InlineData("PROXY UNKNOWN\r\nMOVE abc 7 1  1 2\r\n")]
    [InlineData("PROXY UNKNOWN\r\nMOVE abc 7 1 9223372036854775808 2\r\n")]
    [InlineData("PROXY UNKNOWN\r\nMOVE  7 1 1 2\r\n")]
    [InlineData("PROXY UNKNOWN\r\nMOVE a\tc 7 1 1 2\r\n")]
    [InlineData("PROXY UNKNOWN\r\nMOVE 012345678901234567890123456789012 7 1 1 2\r\n")]
    public void Others_are_refused(string payload) => Assert.False(MovePayload.TryParse(Encoding.ASCII.GetBytes(payload), out _));
}
