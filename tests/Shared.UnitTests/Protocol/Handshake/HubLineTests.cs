using System.Text;
using Tunnel.Shared.Protocol.Handshake;
using Tunnel.Shared.Protocol.Messages;

namespace Tunnel.Shared.UnitTests.Protocol.Handshake;

public class HubLineTests
{
    [Fact]
    public void The_refusals_are_frozen()
    {
        Assert.Equal("{\"error\":\"unauthorized\"}\n"u8, HubLine.Unauthorized);
        Assert.Equal("{\"error\":\"busy\"}\n"u8, HubLine.Busy);
        Assert.Equal("{\"error\":\"malformed\"}\n"u8, HubLine.Malformed);
        Assert.Equal(4 * 1024 * 1024, HubLine.MaxLength);
    }

    [Fact]
    public void A_configuration_is_a_line()
    {
        var line = HubLine.Serialize(new TunnelConfig { ListenPorts = [80] });
        Assert.Equal("{\"listenPorts\":[80],\"listenPortsUdp\":[]}\n"u8, line);

        Assert.True(HubLine.TryParse(line.AsSpan(..^1), out var config, out var refusal, out _));
        Assert.Equal([80], config!.ListenPorts);
        Assert.Null(refusal);
    }

    [Theory]
    [InlineData("unauthorized", HubRefusal.Unauthorized)]
    [InlineData("busy", HubRefusal.Busy)]
    [InlineData("malformed", HubRefusal.Malformed)]
    [InlineData("some-new-code", "some-new-code")]
    [InlineData("", "unreadable")]
    [InlineData("\\u001b[31m", "unreadable")]
    public void A_refusal_is_its_code(string code, string expected)
    {
        Assert.True(HubLine.TryParse(Encoding.UTF8.GetBytes($"{{\"error\":\"{code}\"}}"), out var config, out var refusal, out _));
        Assert.Null(config);
        Assert.Equal(expected, refusal);
    }

    [Theory]
    [InlineData("""{"listenPorts":[80],"error":null}""")]
    [InlineData("""{"error":{"of":"no concern"},"listenPorts":[80]}""")]
    [InlineData("""{"x":{"error":"busy"},"listenPorts":[80]}""")]
    public void Another_member_error_is_no_refusal(string line)
    {
        Assert.True(HubLine.TryParse(Encoding.UTF8.GetBytes(line), out var config, out var refusal, out _));
        Assert.Equal([80], config!.ListenPorts);
        Assert.Null(refusal);
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request")]
    [InlineData("")]
    [InlineData("{\"error\":\"busy\"")]
    [InlineData("{\"listenPorts\":[0]}")]
    public void Anything_else_is_an_error(string line)
    {
        Assert.False(HubLine.TryParse(Encoding.UTF8.GetBytes(line), out var config, out var refusal, out var error));
        Assert.Null(config);
        Assert.Null(refusal);
        Assert.NotEmpty(error);
    }

    [Fact]
    public void A_line_with_its_newline_has_4_MiB_at_most()
    {
        var line = new byte[HubLine.MaxLength];
        line.AsSpan().Fill((byte)' ');
        "{}"u8.CopyTo(line);

        Assert.True(HubLine.TryParse(line.AsSpan(..^1), out _, out _, out _));
        Assert.False(HubLine.TryParse(line, out _, out _, out _));
    }

    [Fact]
    public void No_input_throws() =>
        HostileInput.FeedBounded(
            input => Assert.Equal(
                HubLine.TryParse(input, out var config, out var refusal, out var error),
                error is null && (config is null ^ refusal is null)),
            [HubLine.Unauthorized[..^1].ToArray(), """{"listenPorts":[80,443],"hub":{"features":["reset"]}}"""u8.ToArray()],
            maxAllocated: 128 * 1024);
}
