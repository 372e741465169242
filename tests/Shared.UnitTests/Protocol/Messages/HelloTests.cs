using System.Text;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.Shared.Protocol.Proxy;

namespace Tunnel.Shared.UnitTests.Protocol.Messages;

public class HelloTests
{
    private const string Example =
        """{"version":"0.1.0","features":["reset","goaway","port"],"maxFrame":65536,"initialWindow":1048576,"instance":"00112233445566778899aabbccddeeff","generation":2,"supersedes":"ffeeddccbbaa99887766554433221100","host":"vps","os":"Debian 13","publicIp":"203.0.113.7"}""";

    [Fact]
    public void A_full_message_is_read_and_written_byte_for_byte()
    {
        Assert.True(ControlMessage.TryParseHello(Encoding.UTF8.GetBytes(Example), out var hello, out var error), error);

        Assert.Equal(["reset", "goaway", "port"], hello.Features);
        Assert.Equal(("0.1.0", 65536, 1048576, 2L), (hello.Version, hello.MaxFrame, hello.InitialWindow, hello.Generation));
        Assert.Equal(("00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"), (hello.Instance, hello.Supersedes));
        Assert.Equal(("vps", "Debian 13", "203.0.113.7"), (hello.Host, hello.Os, hello.PublicIp));
        Assert.Equal(Example, Encoding.UTF8.GetString(ControlMessage.Serialize(hello)));
    }

    [Fact]
    public void What_is_null_or_empty_is_not_written() =>
        Assert.Equal(
            """{"maxFrame":0,"initialWindow":0,"instance":"i","generation":0}"""u8, ControlMessage.Serialize(new Hello { Instance = "i" }));

    [Fact]
    public void What_is_missing_has_its_default()
    {
        Assert.True(ControlMessage.TryParseHello("""{"sails":{"index":1}}"""u8, out var hello, out _));
        Assert.Equal(new Hello(), hello with { Features = new Hello().Features });
        Assert.Empty(hello.Features);
    }

    [Fact]
    public void A_lane_names_its_tunnel_and_its_number()
    {
        var json = """{"maxFrame":0,"initialWindow":0,"generation":0,"lane":{"tunnelId":"t","index":3}}"""u8;
        Assert.True(ControlMessage.TryParseHello(json, out var hello, out _));
        Assert.Equal(new LaneHello("t", 3), hello.Lane);
        Assert.Equal(json, ControlMessage.Serialize(hello));
        Assert.True(ControlMessage.TryParseHello("""{"lane":{"more":[]}}"""u8, out hello, out _));
        Assert.Equal(new LaneHello("", 0), hello.Lane);
    }

    [Theory]
    [InlineData("""{"lane":1}""", "lane: 1 is not an object")]
    [InlineData("""{"lane":{"index":-1}}""", "lane.index: -1 is not an integer from 0 to 2147483647")]
    [InlineData("""{"lane":{"tunnelId":7}}""", "lane.tunnelId: 7 is not a string")]
    [InlineData("""{"maxFrame":-1}""", "maxFrame: -1 is not an integer from 0 to 2147483647")]
    [InlineData("""{"initialWindow":1e3}""", "initialWindow: 1e3 is not an integer from 0 to 2147483647")]
    [InlineData("""{"generation":"2"}""", "generation: \"2\" is not an integer from 0 to 9223372036854775807")]
    [InlineData("""{"instance":{}}""", "instance: an object is not a string")]
    [InlineData("""{"features":{}}""", "features: an object is not a list")]
    public void What_is_wrong_is_named_with_member_and_value(string json, string expected)
    {
        Assert.False(ControlMessage.TryParseHello(Encoding.UTF8.GetBytes(json), out _, out var error));
        Assert.Equal(expected, error);
    }

    [Fact]
    public void Nothing_that_names_a_tunnel_prints_its_id()
    {
        const string Id = "AAECAwQFBgcICQoLDA0ODw";
        object[] named =
        [
            new Hello { Resume = new ResumeHello(Id), Lane = new LaneHello(Id, 1) }, new ResumeHello(Id), new LaneHello(Id, 1),
            new HubInfo { TunnelId = Id }, new TunnelConfig { Hub = new HubInfo { TunnelId = Id } }, new StreamMove(Id, 1, 1, null),
        ];

        Assert.DoesNotContain(named, one => one.ToString()!.Contains(Id, StringComparison.Ordinal));
    }

    [Fact]
    public void More_than_64_KiB_are_refused()
    {
        var json = new byte[ControlMessage.MaxLength + 1];
        json.AsSpan().Fill((byte)' ');
        "{}"u8.CopyTo(json);

        Assert.True(ControlMessage.TryParseHello(json.AsSpan(..^1), out _, out _));
        Assert.False(ControlMessage.TryParseHello(json, out _, out _));
    }

    [Fact]
    public void No_input_throws() =>
        HostileInput.FeedBounded(
            input => Assert.Equal(ControlMessage.TryParseHello(input, out var hello, out var error), hello is not null && error is null),
            [Encoding.UTF8.GetBytes(Example)],
            maxAllocated: 128 * 1024);
}
